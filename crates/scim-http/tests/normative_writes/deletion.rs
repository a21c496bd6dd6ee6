//! Deletion: N50.

use super::*;

#[test]
fn n50_what_is_deleted_is_gone() {
    both(|s| {
        let id = s.user(json!({ "userName": "a", "externalId": "e" }));
        let group = s.group("g", &[&id]);
        let path = format!("/Users/{id}");
        let deleted = s.delete(&path);
        assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
        s.get(&path).refused(404, "");
        s.send("HEAD", &path, &[], None).ok(404);
        s.put(&path, user(json!({ "userName": "a" }))).refused(404, "");
        s.patch(&path, json!([{ "op": "replace", "path": "title", "value": "t" }]))
            .refused(404, "");
        s.delete(&path).refused(404, "");
        s.send("DELETE", &path, &[("if-match", "*")], None).refused(404, "");
        assert_eq!(s.get("/Users").body["totalResults"], 0);
        for filter in [
            "userName eq \"a\"".to_owned(),
            "externalId eq \"e\"".to_owned(),
            format!("id eq \"{id}\""),
            "not (title pr)".to_owned(),
        ] {
            assert_eq!(s.find("/Users", &filter), [""; 0], "{filter}");
        }
        assert_eq!(
            s.get(&format!("?filter={}", encode("userName pr"))).body["totalResults"],
            0
        );
        assert_eq!(s.get(&format!("/Groups/{group}")).body.get("members"), None);
        let again = s.post("/Users", user(json!({ "userName": "a", "externalId": "e" })));
        assert_ne!(again.ok(201).id(), id);
        s.get(&path).refused(404, "");
    });
}
