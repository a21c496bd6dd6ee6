//! Every tree reads back, and any text gets an answer.

use super::*;

fn attr_path() -> impl Strategy<Value = AttrPath> {
    let uri = prop::option::weighted(0.2, "[a-zA-Z][a-zA-Z0-9.:_~%+/-]{0,20}");
    let name = || "[a-zA-Z$][a-zA-Z0-9_-]{0,10}";
    (uri, name(), prop::option::weighted(0.3, name()))
        .prop_map(|(uri, name, sub)| AttrPath::new(uri.as_deref(), &name, sub.as_deref()).unwrap())
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        any::<i64>().prop_map(|number| Literal::Number(number.into())),
        any::<u64>().prop_map(|number| Literal::Number(number.into())),
        // serde_json reads floats of few digits exactly.
        any::<i32>().prop_map(|number| Literal::Number(Number::from_f64(f64::from(number) / 8.0).unwrap())),
        any::<String>().prop_map(|text| Literal::String(text.into())),
        "[\"\\\\\u{0}-\u{20}a-z\u{e9}\u{1f600}]*".prop_map(|text| Literal::String(text.into())),
    ]
}

fn tree(leaf: BoxedStrategy<Filter>) -> impl Strategy<Value = Filter> {
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..5).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 2..5).prop_map(Filter::Or),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

fn test() -> BoxedStrategy<Filter> {
    let op = prop::sample::select(vec![
        CompareOp::Contains,
        CompareOp::EndsWith,
        CompareOp::Equal,
        CompareOp::GreaterOrEqual,
        CompareOp::GreaterThan,
        CompareOp::LessOrEqual,
        CompareOp::LessThan,
        CompareOp::NotEqual,
        CompareOp::StartsWith,
    ]);
    prop_oneof![
        attr_path().prop_map(Filter::Present),
        (attr_path(), op, literal()).prop_map(|(path, op, value)| Filter::Compare(Comparison::new(path, op, value))),
    ]
    .boxed()
}

fn filter_of_values() -> impl Strategy<Value = Filter> {
    tree(test())
}

fn filter() -> impl Strategy<Value = Filter> {
    let values = (attr_path(), filter_of_values()).prop_map(|(path, filter)| values(path.text(), filter));
    tree(prop_oneof![3 => test(), 1 => values].boxed())
}

proptest! {
    #[test]
    fn every_tree_reads_back(filter in filter()) {
        let limits = FilterLimits::default().with_max_bytes(1_000_000).with_max_terms(10_000);
        let text = filter.to_string();
        prop_assert_eq!(Filter::parse_with(&text, &limits), Ok(filter), "{}", text);
    }

    #[test]
    fn every_patch_path_reads_back(path in attr_path(), filter in filter_of_values(), sub in prop::option::of("[a-z$][a-z]{0,5}")) {
        let sub = sub.map(|sub| AttrPath::parse(&sub).unwrap());
        let path = PatchPath::Values { values: ValuePath::new(path, filter), sub };
        let limits = FilterLimits::default().with_max_bytes(1_000_000).with_max_terms(10_000);
        prop_assert_eq!(PatchPath::parse(&path.to_string(), &limits), Ok(path));
    }

    #[test]
    fn arbitrary_text_gets_an_answer(text in any::<String>()) {
        let _ = Filter::parse(&text).map_err(|error| error.render(&text));
        let _ = text.parse::<PatchPath>().map_err(|error| error.render(&text));
        let _ = AttrPath::parse(&text).map_err(|error| error.render(&text));
    }

    #[test]
    fn text_of_the_right_words_gets_an_answer(
        words in prop::collection::vec(prop::sample::select(vec![
            " ", "  ", "(", ")", "[", "]", ".", "a", "urn:b:c", "eq", "pr", "and", "or", "not", "\"", "\"x\"", "\\u00", "1", "-", "true",
            "é",
        ]), 0..40)
    ) {
        let text = words.concat();
        match Filter::parse(&text) {
            Ok(filter) => prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter)),
            Err(error) => prop_assert!(error.span().of(&text).is_some(), "{:?} {:?}", text, error),
        }
        match text.parse::<PatchPath>() {
            Ok(path) => prop_assert_eq!(path.to_string().parse(), Ok(path)),
            Err(error) => prop_assert!(error.span().of(&text).is_some(), "{:?} {:?}", text, error),
        }
    }
}
