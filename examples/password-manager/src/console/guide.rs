//! What to paste where, for each identity provider.

use maud::{Markup, html};

use super::parts;
use crate::domain::Provider;

/// What a value of the guide is.
#[derive(Debug, Clone, Copy)]
enum Paste {
    TenantUrl,
    Text(&'static str),
    Token,
}

/// A step, and the values that are pasted in it by the names that the provider's own pages have for them.
struct Step {
    title: &'static str,
    text: &'static str,
    values: &'static [(&'static str, Paste)],
}

/// The guide of one provider. The token is shown where it was just made; nobody else has it.
pub(super) fn guide(provider: Provider, tenant_url: &str, token: Option<&str>) -> Markup {
    html! {
        ol.steps {
            @for (number, step) in steps(provider).iter().enumerate() {
                li {
                    div {
                        h3 { (step.title) }
                        p.soft { (step.text) }
                        @if !step.values.is_empty() {
                            dl.values {
                                @for (place, (name, paste)) in step.values.iter().enumerate() {
                                    dt { (name) }
                                    dd { (value(&format!("paste-{number}-{place}"), *paste, tenant_url, token)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn value(id: &str, paste: Paste, tenant_url: &str, token: Option<&str>) -> Markup {
    match (paste, token) {
        (Paste::TenantUrl, _) => parts::copy(id, tenant_url),
        (Paste::Text(text), _) => parts::copy(id, text),
        (Paste::Token, Some(token)) => parts::copy(id, token),
        (Paste::Token, None) => {
            html! { span.soft.small { "The secret token of a credential above. It is shown when it is created." } }
        }
    }
}

fn steps(provider: Provider) -> &'static [Step] {
    use Paste::{TenantUrl, Text, Token};

    match provider {
        Provider::OktaHeader => &[
            Step {
                title: "Add the app",
                text: "In the Okta admin console: Applications, Browse App Catalog, “SCIM 2.0 Test App (Header Auth)”. Under \
                       General, set the application username to the e-mail address.",
                values: &[],
            },
            Step {
                title: "Connect it",
                text: "Provisioning, Configure API Integration, Enable API integration. Okta sends the token as it is, without \
                       “Bearer”; that is fine.",
                values: &[("Base URL", TenantUrl), ("API Token", Token)],
            },
            Step {
                title: "Switch it on",
                text: "Test API Credentials, save, then enable Create Users, Update User Attributes and Deactivate Users under \
                       “To App”. Assign people or groups, and push groups under Push Groups.",
                values: &[],
            },
        ],
        Provider::OktaBearer => &[
            Step {
                title: "Add the app",
                text: "In the Okta admin console: Applications, Browse App Catalog, “SCIM 2.0 Test App (OAuth Bearer Token)”. \
                       Under General, set the application username to the e-mail address.",
                values: &[],
            },
            Step {
                title: "Connect it",
                text: "Provisioning, Configure API Integration, Enable API integration.",
                values: &[("SCIM 2.0 Base Url", TenantUrl), ("OAuth Bearer Token", Token)],
            },
            Step {
                title: "Switch it on",
                text: "Test API Credentials, save, then enable Create Users, Update User Attributes and Deactivate Users under \
                       “To App”. Assign people or groups, and push groups under Push Groups.",
                values: &[],
            },
        ],
        Provider::OktaCustom => &[
            Step {
                title: "Switch SCIM on for your app",
                text: "In the app that your people sign in with (SAML or SWA, made by the wizard): General, App Settings, Edit, \
                       Provisioning: SCIM.",
                values: &[],
            },
            Step {
                title: "Connect it",
                text: "Provisioning, Integration, Edit. Tick Push New Users, Push Profile Updates and Push Groups.",
                values: &[
                    ("SCIM connector base URL", TenantUrl),
                    ("Unique identifier field for users", Text("userName")),
                    ("Authentication Mode", Text("HTTP Header")),
                    ("Authorization", Token),
                ],
            },
            Step {
                title: "Switch it on",
                text: "Test Connector Configuration, save, then enable creating, updating and deactivating under “To App”.",
                values: &[],
            },
        ],
        Provider::Entra => &[
            Step {
                title: "Make an enterprise application",
                text: "In the Microsoft Entra admin center: Enterprise applications, New application, Create your own \
                       application, “Integrate any other application you don't find in the gallery”.",
                values: &[],
            },
            Step {
                title: "Connect it",
                text: "Provisioning, New configuration (Provisioning Mode: Automatic), then Test Connection. The flag \
                       aadOptscim062020 behind the URL may be there or not: both are understood.",
                values: &[("Tenant URL", TenantUrl), ("Secret Token", Token)],
            },
            Step {
                title: "Check the mappings and start",
                text: "The standard attribute mappings fit. Let userName be the user principal name or the e-mail address, \
                       assign people and groups, and choose Start provisioning. The first cycle may take 40 minutes.",
                values: &[],
            },
        ],
        Provider::OneLogin => &[
            Step {
                title: "Add the app",
                text: "In OneLogin's administration: Applications, Add App, “SCIM Provisioner with SAML (SCIM v2 Enterprise)”.",
                values: &[],
            },
            Step {
                title: "Connect it",
                text: "Configuration; then Enable under API Connection. The SCIM JSON Template says what is sent: this one is enough.",
                values: &[
                    ("SCIM Base URL", TenantUrl),
                    ("SCIM Bearer Token", Token),
                    ("SCIM JSON Template", Text(ONELOGIN)),
                ],
            },
            Step {
                title: "Switch it on",
                text: "Provisioning: tick Enable provisioning. Under Parameters let SCIM Username be the e-mail address. Add rules \
                       that set groups in the app, if groups shall come too.",
                values: &[],
            },
        ],
        Provider::JumpCloud => &[
            Step {
                title: "Add the app",
                text: "In JumpCloud: SSO Applications, Add New Application, Custom Application, with “Export users to this app \
                       (Identity Management)”.",
                values: &[],
            },
            Step {
                title: "Connect it",
                text: "Identity Management, API Type SCIM API, SCIM Version 2.0; then Test Connection with an address that nobody has.",
                values: &[
                    ("Base URL", TenantUrl),
                    ("Token Key", Token),
                    ("Test User Email", Text("scim-test@example.com")),
                ],
            },
            Step {
                title: "Switch it on",
                text: "Activate, tick group management if groups shall come, save, and assign user groups to the app.",
                values: &[],
            },
        ],
        Provider::Ping => &[
            Step {
                title: "Make a connection",
                text: "In PingOne: Integrations, Provisioning, New Connection, Identity Store, SCIM Outbound.",
                values: &[],
            },
            Step {
                title: "Connect it",
                text: "Choose SCIM version 2.0 and the authentication method OAuth 2 Bearer Token, then Test Connection.",
                values: &[
                    ("SCIM Base URL", TenantUrl),
                    ("Users Resource", Text("/Users")),
                    ("Groups Resource", Text("/Groups")),
                    ("OAuth Access Token", Token),
                    ("User Filter Expression", Text("userName Eq \"%s\"")),
                    ("User Identifier", Text("userName")),
                ],
            },
            Step {
                title: "Switch it on",
                text: "Make a rule that says which people are provisioned through the connection, map the e-mail address to \
                       userName, and switch both the connection and the rule on.",
                values: &[],
            },
        ],
        Provider::Other => &[
            Step {
                title: "Connect it",
                text: "Any SCIM 2.0 client works: the token as Bearer, bare, or as the password of Basic.",
                values: &[("SCIM base URL", TenantUrl), ("Token", Token)],
            },
            Step {
                title: "Map the user name",
                text: "userName is what people are told apart by. The e-mail address is a good choice.",
                values: &[],
            },
        ],
    }
}

const ONELOGIN: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"{$parameters.scimusername}","displayName":"{$user.display_name}","name":{"givenName":"{$user.firstname}","familyName":"{$user.lastname}"},"title":"{$user.title}","emails":[{"value":"{$user.email}","type":"work","primary":true}]}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_guide_has_the_url_and_the_token_to_paste() {
        for provider in Provider::ALL {
            let shown = guide(provider, "https://vault.example/scim/acme/v2", Some("latchkey_token")).into_string();
            assert!(shown.contains("https://vault.example/scim/acme/v2"), "{provider:?}");
            assert!(shown.contains("latchkey_token"), "{provider:?}");
        }
    }
}
