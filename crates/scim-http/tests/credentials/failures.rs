//! A store that fails.

use super::*;

#[test]
fn a_store_that_fails_is_503_for_tokens_and_401_for_what_is_none() {
    let token = Host::new().never("A").token;
    let host = Host::on(Broken, TokenForms::bearer());
    let answer = host.ask(&[("authorization", &format!("Bearer {}", token.expose()))]);
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (503, &"5".parse().unwrap())
    );
    assert!(answer.extensions().get::<Cause>().is_some());
    // Garbage costs no look-up.
    for garbage in ["x", "acme_", "acme_0123456789abcdef_AAAA"] {
        assert_eq!(
            host.ask(&[("authorization", &format!("Bearer {garbage}"))]).status(),
            401
        );
    }
    let minted = block_on(host.credentials.mint(&"A".into(), Mint::new("a", Expiry::Never)));
    assert!(matches!(minted, Err(CredentialError::Store(_))));
}
