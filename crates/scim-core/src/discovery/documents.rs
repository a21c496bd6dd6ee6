//! The documents of resource types and schemas, and lists of them.

use serde_json::{Map, Value, json};

use crate::{
    resource::is_password,
    schema::{ResourceType, Schema},
    urn,
};

/// The document of a resource type (RFC 7643 section 6), below a base URL without a slash at its end.
pub fn resource_type_document(kind: &ResourceType, base: &str) -> Value {
    let mut document = json!({
        "schemas": [urn::RESOURCE_TYPE],
        "id": kind.name(),
        "name": kind.name(),
        "endpoint": kind.endpoint(),
        "description": kind.description(),
        "schema": kind.schema().id,
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", kind.name()) },
    });
    let extensions: Vec<Value> = kind
        .extensions()
        .iter()
        .map(|extension| json!({ "schema": extension.schema.id, "required": extension.required }))
        .collect();
    if let Some(document) = document.as_object_mut()
        && !extensions.is_empty()
    {
        document.insert("schemaExtensions".to_owned(), Value::Array(extensions));
    }
    document
}

/// The document of a schema (RFC 7643 section 7), below a base URL without a slash at its end.
///
/// The `password` attribute is shown only where `passwords` are handed to a host; without one they are dropped.
pub fn schema_document(schema: &Schema, base: &str, passwords: bool) -> Value {
    let attributes: Vec<Value> = schema
        .attributes
        .iter()
        .filter(|attribute| passwords || !is_password(attribute))
        .filter_map(|attribute| serde_json::to_value(attribute).ok())
        .collect();
    json!({
        "schemas": [urn::SCHEMA],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": attributes,
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{}", schema.id) },
    })
}

/// All documents in one `ListResponse`: these lists have no pages (RFC 7644 section 4).
pub fn list_document(documents: Vec<Value>) -> Value {
    let count = documents.len();
    let mut list = Map::new();
    list.insert("schemas".to_owned(), json!([urn::LIST_RESPONSE]));
    list.insert("totalResults".to_owned(), count.into());
    list.insert("startIndex".to_owned(), 1.into());
    list.insert("itemsPerPage".to_owned(), count.into());
    list.insert("Resources".to_owned(), Value::Array(documents));
    Value::Object(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Attribute;

    const BASE: &str = "https://example.com/v2";

    #[test]
    fn resource_types_list_their_extensions() {
        let user = resource_type_document(&ResourceType::user(), BASE);
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": "User",
            "name": "User",
            "endpoint": "/Users",
            "description": "User Account",
            "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
            "schemaExtensions": [
                { "schema": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "required": false }
            ],
            "meta": { "location": "https://example.com/v2/ResourceTypes/User", "resourceType": "ResourceType" }
        });
        assert_eq!(user, expected);
        let group = resource_type_document(&ResourceType::group(), BASE);
        assert_eq!(group.get("schemaExtensions"), None);
    }

    #[test]
    fn schemas_show_passwords_only_to_those_who_can_set_them() {
        let names = |document: &Value| -> Vec<String> {
            let attributes = document["attributes"].as_array().unwrap();
            attributes
                .iter()
                .map(|a| a["name"].as_str().unwrap().to_owned())
                .collect()
        };
        let user = Schema::user();
        let shown = names(&schema_document(&user, BASE, true));
        let mut hidden = names(&schema_document(&user, BASE, false));
        assert!(shown.contains(&"password".to_owned()) && !hidden.contains(&"password".to_owned()));
        hidden.push("password".to_owned());
        assert_eq!(hidden.len(), shown.len());
    }

    #[test]
    fn schemas_are_complete_documents() {
        let schema = Schema::builder("urn:example:2.0:Thing", "Thing")
            .attribute(Attribute::string("code").sensitive())
            .build()
            .unwrap();
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": "urn:example:2.0:Thing",
            "name": "Thing",
            "description": "",
            "attributes": [{
                "name": "code",
                "type": "string",
                "multiValued": false,
                "description": "",
                "required": false,
                "caseExact": false,
                "mutability": "readWrite",
                "returned": "default",
                "uniqueness": "none"
            }],
            "meta": { "resourceType": "Schema", "location": "https://example.com/v2/Schemas/urn:example:2.0:Thing" }
        });
        assert_eq!(schema_document(&schema, BASE, true), expected);
        for schema in [
            Schema::user(),
            Schema::group(),
            Schema::enterprise_user(),
            Schema::of_schemas(),
        ] {
            let document = schema_document(&schema, BASE, true);
            assert_eq!(Schema::from_json(&document.to_string()).unwrap(), *schema);
        }
    }

    #[test]
    fn lists_hold_everything() {
        let list = list_document(vec![json!({ "id": "a" }), json!({ "id": "b" })]);
        assert_eq!((&list["totalResults"], &list["itemsPerPage"]), (&json!(2), &json!(2)));
        assert_eq!(list["startIndex"], 1);
        assert_eq!(list["Resources"][1]["id"], "b");
    }
}
