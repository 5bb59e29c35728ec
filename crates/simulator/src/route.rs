//! Which provider a path belongs to.

/// The simulated provider types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provider {
    OpenAi,
    Groq,
    Anthropic,
    /// OpenAI's dialect without a key: the provider type `simulated`.
    Simulated,
    /// Servers of one's own, one below each path segment.
    Custom,
}

impl Provider {
    pub(crate) const ALL: [Provider; 5] = [Provider::OpenAi, Provider::Groq, Provider::Anthropic, Provider::Simulated, Provider::Custom];

    /// The type's name in configuration and in paths.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Provider::OpenAi => "openai",
            Provider::Groq => "groq",
            Provider::Anthropic => "anthropic",
            Provider::Simulated => "simulated",
            Provider::Custom => "custom",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name)
    }
}

pub(crate) enum Route<'a> {
    /// `/_health`, `/_stats`, `/_faults/<type>`.
    Control(&'a str),
    /// The provider and the path below `/<type>`, with a leading slash.
    Provider(Provider, &'a str),
    Unknown,
}

pub(crate) fn route(path: &str) -> Route<'_> {
    if path.starts_with("/_") {
        return Route::Control(path);
    }
    let rest = path.strip_prefix('/').unwrap_or(path);
    let (first, below) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match Provider::named(first) {
        Some(provider) => Route::Provider(provider, below.strip_suffix('/').unwrap_or(below)),
        None => Route::Unknown,
    }
}
