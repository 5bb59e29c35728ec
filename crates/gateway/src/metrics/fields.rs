//! The fields by which losses are counted: callers choose the names of members that nobody knows, so those are one.

/// Members of requests that a translation may lose, beside those of one kind each.
const KNOWN: &[&str] = &[
    "audio",
    "cache_control",
    "container",
    "context_management",
    "developer",
    "documents",
    "frequency_penalty",
    "function_call",
    "functions",
    "header",
    "input",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "mcp_servers",
    "messages",
    "metadata",
    "modalities",
    "model",
    "n",
    "output_config",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "search_parameters",
    "seed",
    "service_tier",
    "stop",
    "stop_sequences",
    "store",
    "stream_options",
    "suffix",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

/// The first segment of a loss's path, if it is a known one.
pub(crate) fn field(path: &str) -> &'static str {
    let first = path.split(['.', '[', ' ', '/']).next().unwrap_or(path);
    KNOWN.binary_search(&first).ok().and_then(|at| KNOWN.get(at)).copied().unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_callers_own_makes_no_series() {
        assert!(KNOWN.is_sorted());
        assert_eq!((field("messages[3].name"), field("tools.0.function.strict"), field("seed")), ("messages", "tools", "seed"));
        assert_eq!((field("header anthropic-beta"), field("x_made_up_7f3a")), ("header", "other"));
    }
}
