//! What this implementation decided where the RFCs are silent or clients differ: D1 to D20.
//!
//! | Decision | Proved by |
//! | --- | --- |
//! | D1 readOnly | `normative_writes` n41, `normative_patch` n66, d01 |
//! | D2 unknown attributes | `normative_writes` n48, `normative_patch` n71, d02 |
//! | D3 names in a filter | `normative_filters` n11, n17, d03 |
//! | D4 `add` without a match | `normative_patch` n63, d04 |
//! | D5 `replace` without a match | `normative_patch` n61, d05 |
//! | D6 no path | `normative_patch` n59, d06 |
//! | D7 `replace` of a complex attribute | `normative_patch` n60 |
//! | D8 `remove` by value | `normative_patch` n55 |
//! | D9 `remove` of nothing | `normative_patch` n57 |
//! | D10 primary | `normative_patch` n64, d10 |
//! | D11 Booleans as text | `normative_writes` n47 |
//! | D12 no value | `normative_filters` n12, n13, d12 |
//! | D13 folding | d13 |
//! | D14 uniqueness | `normative_writes` n43, n50, d14 |
//! | D15 never returned | `normative_filters` n24, d15 |
//! | D16 unknown members | d16 |
//! | D17 answer to PATCH | `normative_lists` n37, `normative_patch` n70 |
//! | D18 pages and order | `normative_lists` n26, n28, n29, n39, d18 |
//! | D19 `Authorization` | d19 |
//! | D20 locations | d20 |

#[cfg(test)]
mod bodies;
#[cfg(test)]
mod members;
#[cfg(test)]
mod patch;
#[cfg(test)]
mod service;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;

use scim_http::{
    BearerTokens, Expiry, ScimService,
    core::{
        Dialect, Note, Notes, ResourceId,
        schema::{Registry, ResourceType, Schema},
    },
    store::{IdSource, Principal},
};
use serde_json::{Value, json};
use support::{
    BASE, ENTERPRISE, GROUP, HandClock, Reply, Server, TestStore, USER, block_on, both, encode, with_schema,
};
