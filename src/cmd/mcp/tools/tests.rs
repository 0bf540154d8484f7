use super::*;

#[test]
fn tools_are_listed_by_level() {
    let names = |level| -> Vec<String> {
        let listed = listed(level, ProtocolVersion::V2026July);
        listed.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
    };
    let look = ["status", "sessions", "read_lines", "read_screen", "last_command", "wait"];
    assert_eq!(names(AccessLevel::Look), look);
    let annotate = ["annotate", "notify", "ask_user", "hand_over"];
    assert_eq!(names(AccessLevel::Annotate), [&look[..], &annotate].concat());
    assert_eq!(names(AccessLevel::Type), [&look[..], &annotate, &["run", "type", "press"]].concat());
}

/// The schemas are what JSON Schema 2020-12 and every version of the protocol take.
#[test]
fn each_tool_is_described() {
    for tool in TOOLS {
        let listed = tool.listed(ProtocolVersion::V2026July);
        let schema = &listed["inputSchema"];
        assert!(schema["type"] == "object" && schema["additionalProperties"] == false, "{}", tool.name);
        let properties = schema["properties"].as_object().expect("an object");
        assert_eq!(properties.len(), tool.arguments.len(), "{}: an argument twice", tool.name);
        for (name, property) in properties {
            let described = property["description"].as_str().is_some_and(|text| text.ends_with('.'));
            assert!(property["type"].is_string() && described, "{}: {name}", tool.name);
        }
        let required: Vec<&str> = tool.arguments.iter().filter(|one| one.is_required).map(|one| one.name).collect();
        assert_eq!(schema.get("required").cloned().unwrap_or(json!([])), json!(required), "{}", tool.name);
        assert!(tool.description.ends_with('.') && !tool.title.ends_with('.'), "{}", tool.name);
        let annotations = &listed["annotations"];
        assert_eq!(annotations["readOnlyHint"], tool.level == AccessLevel::Look, "{}", tool.name);
        assert_eq!(annotations["destructiveHint"], tool.level == AccessLevel::Type, "{}", tool.name);
        let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
        assert!(tool.name.chars().all(is_name), "{}", tool.name);
    }
    let mut names: Vec<&str> = TOOLS.iter().map(|tool| tool.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TOOLS.len());
}

#[test]
fn states_are_those_of_sessions() {
    assert_eq!(StateKind::NAMES, StateKind::ALL.map(StateKind::name));
}

#[test]
fn arguments_become_requests() {
    let read = |name: &str, arguments: Value| {
        let Value::Object(arguments) = arguments else { panic!("an object") };
        find(name).and_then(|tool| tool.read(&arguments)).unwrap_or_else(|sentence| panic!("{sentence}"))
    };
    let ToolCall::Wait(request) = read("wait", json!({"text": "x", "from": 3, "timeout_seconds": 5})) else { panic!() };
    assert_eq!((request.text.as_deref(), request.from, request.redact), (Some("x"), Some(3), true));
    assert_eq!(request.timeout, Some(TimeSpan(std::time::Duration::from_secs(5))));
    assert_eq!(read("read_lines", json!({})), ToolCall::ReadLines { from: None, number: LINES });
    assert_eq!(read("last_command", json!({"nth": 2})), ToolCall::LastCommand { nth: 2 });
    let ToolCall::Run(request) = read("run", json!({"command_line": "make  test"})) else { panic!() };
    assert_eq!((&*request.command, request.redact), (&["make  test".to_owned()][..], true));
    let keys = vec!["C-c".parse().expect("a key"), "Up".parse().expect("a key")];
    assert_eq!(read("press", json!({"keys": ["C-c", "Up"]})), ToolCall::Send(send(String::new(), false, keys)));
    let Value::Object(unknown) = json!({"keys": ["Return"]}) else { panic!() };
    assert!(find("press").and_then(|tool| tool.read(&unknown)).is_err());
}

/// Each tool that may do something makes requests that its level allows, and no other level.
#[test]
fn level_of_a_tool_is_that_of_its_requests() {
    for (request, level) in [
        (Request::Annotate { line: "1".to_owned(), text: String::new() }, AccessLevel::Annotate),
        (Request::Notify { text: String::new() }, AccessLevel::Annotate),
        (Request::Exec(ExecRequest::default()), AccessLevel::Type),
        (send(String::new(), true, Vec::new()), AccessLevel::Type),
        (Request::Await(AwaitRequest::default()), AccessLevel::Look),
    ] {
        assert_eq!(request.level(), level, "{request:?}");
    }
}
