use super::*;

#[test]
fn a_type_is_built_or_not_built_yet_or_unknown_with_a_guess() {
    assert!(kind("openai").declaration("openai").is_ok());
    let said = |name: &str| kind(name).declaration(name).unwrap_err();
    assert!(said("gemini").starts_with("provider type 'gemini' is not built yet; built are: openai, "), "{}", said("gemini"));
    assert_eq!(said("opnai"), "unknown provider type 'opnai'; did you mean 'openai'?");
    assert_eq!(said("OpenAI"), "unknown provider type 'OpenAI'; did you mean 'openai'?");
    assert_eq!(said("azure_openai"), "unknown provider type 'azure_openai'; did you mean 'azure-openai'?");
    assert_eq!(said("vertex"), "unknown provider type 'vertex'; did you mean 'vertex-ai'?");
    assert!(said("watsonx").starts_with("unknown provider type 'watsonx'; built are: "));
    assert!(said("").starts_with("unknown provider type ''; built are: "));
}

#[test]
fn no_type_is_both_built_and_not() {
    assert!(NOT_BUILT.iter().all(|name| crate::find(name).is_none()));
    let mut names = NOT_BUILT.to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 10);
}

#[test]
fn distances_are_levenshtein() {
    for (left, right, expected) in
        [("", "", 0), ("a", "", 1), ("", "abc", 3), ("kitten", "sitting", 3), ("groq", "grok", 1), ("ab", "ba", 2)]
    {
        assert_eq!(distance(left, right), expected, "{left} {right}");
    }
}
