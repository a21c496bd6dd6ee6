//! The contract of [`DeliveryStore`], point by point.

mod again;
mod endpoints;
mod kept;
mod side;
mod turns;

use scim_events::DeliveryStore;

use self::side::Side;
use crate::{FileReport, Report, store::outcome};

/// Holds a store against the contract of [`DeliveryStore`].
///
/// Each check works in a tenant of a new random name. Nothing of other tenants may be due meanwhile, as it would be claimed.
/// What only shows where several calls are at work at once is not checked.
///
/// ```
/// use scim_conformance::{block_on, events::check_deliveries};
/// use scim_events::MemoryDeliveries;
///
/// let report = block_on(check_deliveries(&MemoryDeliveries::new()));
/// assert!(report.is_clean(), "{report}");
/// ```
pub async fn check_deliveries(store: &dyn DeliveryStore) -> Report {
    let mut outcomes = Vec::new();
    macro_rules! check {
        ($($noun:ident: $($name:ident),+ $(,)?);+ $(;)?) => {
            $($(
                let side = Side::new(store);
                outcomes.push(outcome(stringify!($name), $noun::$name(&side).await));
                side.clean().await;
            )+)+
        };
    }
    check![
        endpoints:
            endpoints_are_kept_as_they_were,
            an_endpoint_is_changed_by_one_at_a_time,
            health_is_counted_and_cleared,
            an_endpoint_that_rests_or_is_off_gets_nothing,
            what_is_removed_is_gone,
            tenants_are_apart;
        turns:
            resources_are_delivered_in_order_and_side_by_side,
            what_was_taken_in_is_not_taken_in_again,
            a_claim_is_for_one_and_ends_by_itself,
            what_failed_is_tried_later,
            claims_have_their_bounds;
        kept:
            dead_letters_end_with_the_oldest,
            tries_are_logged_and_the_log_has_an_end;
        again:
            dead_letters_let_others_pass_and_can_be_sent_again,
            what_has_arrived_can_be_sent_again,
            what_is_sent_again_takes_its_turn,
            what_has_arrived_is_kept_for_so_many_tries;
    ];
    let file = "deliveries".to_owned();
    Report {
        files: vec![FileReport { file, outcomes }],
    }
}
