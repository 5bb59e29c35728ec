use super::*;

fn prompt(text: &str) -> Prompt {
    Prompt { text: text.to_owned(), ..Prompt::default() }
}

fn tool(name: &str) -> Tool {
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
    Tool { name: name.to_owned(), schema: Some(schema) }
}

fn names(composed: &Composed) -> Vec<&str> {
    composed.calls.iter().map(|call| call.name.as_str()).collect()
}

#[test]
fn it_repeats_what_was_said_and_what_it_saw() {
    let mut asked = prompt("hi");
    asked.seen = vec![Seen::Inline { media_type: "image/png".into(), bytes: 68 }, Seen::Linked("https://example.com/a.png".into())];
    let composed = compose(&asked, &Faults::default(), 0);
    assert_eq!(composed.text.as_str(), "You said: hi I see image/png of 68 bytes. I see https://example.com/a.png.");
    assert_eq!(compose(&prompt("hi"), &Faults::default(), 1).text.as_str(), "(choice 2) You said: hi");
}

#[test]
fn the_pieces_joined_are_the_text_and_count_as_tokens() {
    let composed = compose(&prompt("a rather extraordinary naïve café"), &Faults::default(), 0);
    assert_eq!(composed.text.pieces().collect::<String>(), composed.text.as_str());
    assert_eq!(composed.output_tokens, composed.text.pieces().count() as u64);
}

#[test]
fn a_stop_sequence_ends_the_text_before_it() {
    let asked = Prompt { stops: vec!["three".into(), "two".into()], ..prompt("one two three") };
    let composed = compose(&asked, &Faults::default(), 0);
    assert_eq!((composed.text.as_str(), composed.finish), ("You said: one ", Finish::StopSequence("two".into())));
}

#[test]
fn a_limit_cuts_reasoning_first() {
    let asked = Prompt { max_tokens: Some(2), ..prompt("one two three") };
    let composed = compose(&asked, &Faults::default(), 0);
    assert_eq!((composed.text.as_str(), composed.finish, composed.output_tokens), ("You said:", Finish::Length, 2));

    let asked = Prompt { max_tokens: Some(3), reasoning: Reasoning::Effort(1), ..prompt("one two three") };
    let composed = compose(&asked, &Faults::default(), 0);
    assert_eq!((composed.text.as_str(), composed.finish), ("", Finish::Length));
    assert_eq!((composed.reasoning_tokens, composed.output_tokens), (3, 3));
}

#[test]
fn more_effort_is_more_reasoning() {
    let tokens =
        |effort| compose(&Prompt { reasoning: Reasoning::of_effort(effort), ..prompt("x") }, &Faults::default(), 0).reasoning_tokens;
    assert_eq!(tokens("none"), 0);
    assert!(tokens("low") < tokens("medium") && tokens("medium") < tokens("high") && tokens("high") < tokens("xhigh"));
}

#[test]
fn tools_are_called_when_named_or_forced_and_not_after_results() {
    let tools = || vec![tool("get_weather"), tool("get_time")];
    let ask = |text: &str, choice| compose(&Prompt { tools: tools(), choice, ..prompt(text) }, &Faults::default(), 0);
    assert_eq!(names(&ask("nothing of that", Choice::Auto)), [""; 0]);
    assert_eq!(names(&ask("how is the weather?", Choice::Auto)), ["get_weather"]);
    assert_eq!(names(&ask("get_time now", Choice::Auto)), ["get_time"]);
    assert_eq!(names(&ask("call both", Choice::Auto)), ["get_weather", "get_time"]);
    assert_eq!(names(&ask("weather", Choice::None)), [""; 0]);
    assert_eq!(names(&ask("nothing", Choice::Required)), ["get_weather"]);
    assert_eq!(names(&ask("nothing", Choice::Named("get_time".into()))), ["get_time"]);
    let allowed = Choice::Allowed { names: vec!["get_time".into()], required: true };
    assert_eq!(names(&ask("weather", allowed)), ["get_time"]);

    let answered = Prompt { tools: tools(), results: vec!["sunny".into(), "noon".into()], ..prompt("weather") };
    let composed = compose(&answered, &Faults::default(), 0);
    assert_eq!((composed.text.as_str(), composed.finish), ("The tools said: sunny; noon", Finish::Stop));
}

#[test]
fn parallel_calls_differ_and_can_be_forbidden() {
    let asked = Prompt { tools: vec![tool("get_weather")], ..prompt("both cities: weather") };
    let inputs: Vec<String> = compose(&asked, &Faults::default(), 0).calls.iter().map(|call| call.input.as_text()).collect();
    assert_eq!(inputs, [r#"{"city":"city 1"}"#, r#"{"city":"city 2"}"#]);
    let asked = Prompt { parallel: false, tools: vec![tool("a_tool"), tool("b_tool")], ..prompt("a_tool and b_tool") };
    assert_eq!(names(&compose(&asked, &Faults::default(), 0)), ["a_tool"]);
}

#[test]
fn structured_answers_are_json() {
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] });
    let asked = Prompt { format: Format::Schema(schema), ..prompt("x") };
    assert_eq!(compose(&asked, &Faults::default(), 0).text.as_str(), r#"{"n":1}"#);
    let asked = Prompt { format: Format::JsonObject, ..prompt("x") };
    assert_eq!(compose(&asked, &Faults::default(), 0).text.as_str(), r#"{"answer":"You said: x"}"#);
}

#[test]
fn the_magic_word_is_refused() {
    let composed = compose(&prompt("please-refuse this"), &Faults::default(), 0);
    assert!(composed.refusal.is_some());
    assert_eq!(composed.finish, Finish::Refusal);
    assert!(composed.output_tokens > 0);
}
