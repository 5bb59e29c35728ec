-- Times are microseconds since 1970, JSON is text, ids are UUIDs version 7 as text. {bytes} is BLOB or BYTEA.

CREATE TABLE providers (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    base_url TEXT,
    allow_private_network BOOLEAN NOT NULL,
    timeouts TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE credentials (
    id TEXT NOT NULL PRIMARY KEY,
    provider_id TEXT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    weight BIGINT NOT NULL,
    UNIQUE (provider_id, name)
);

-- Either plain or sealed is set.
CREATE TABLE credential_fields (
    credential_id TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    field TEXT NOT NULL,
    plain TEXT,
    sealed {bytes},
    PRIMARY KEY (credential_id, field)
);

-- provider_id is a provider's id or, for one of the config file, file:<name>: so it references no table.
CREATE TABLE model_mappings (
    id TEXT NOT NULL PRIMARY KEY,
    virtual_model TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    provider_model TEXT NOT NULL,
    priority BIGINT NOT NULL,
    weight BIGINT NOT NULL,
    strict BOOLEAN NOT NULL,
    options TEXT NOT NULL,
    parameters TEXT NOT NULL,
    timeouts TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (virtual_model, provider_id, provider_model)
);

CREATE INDEX model_mappings_provider ON model_mappings (provider_id);

CREATE TABLE virtual_keys (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    hash {bytes} NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    tail TEXT NOT NULL,
    models TEXT NOT NULL,
    expires_at BIGINT,
    enabled BOOLEAN NOT NULL,
    suspended BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- One row an attempt, written by the journal. attempt_id is a UUID version 7 as 16 bytes: its order is that of time.
CREATE TABLE usage (
    attempt_id {bytes} NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    virtual_model TEXT NOT NULL,
    provider TEXT NOT NULL,
    provider_model TEXT NOT NULL,
    stream BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    http_status BIGINT NOT NULL,
    fault TEXT,
    input_tokens BIGINT,
    cache_read_tokens BIGINT,
    cache_write_tokens BIGINT,
    cache_write_1h_tokens BIGINT,
    output_tokens BIGINT,
    reasoning_tokens BIGINT,
    audio_input_tokens BIGINT,
    audio_output_tokens BIGINT,
    total_tokens BIGINT,
    usage_estimated BOOLEAN NOT NULL,
    latency_us BIGINT NOT NULL,
    first_token_us BIGINT,
    upstream_us BIGINT NOT NULL,
    losses TEXT NOT NULL
);

-- Either plain or sealed is set.
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    plain TEXT,
    sealed {bytes},
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
