-- Custom endpoints, rolled keys, requests as rows, idempotency, the counter of changes. {bytes} is BLOB or BYTEA.
-- Every sealed value stands in a column named "sealed": the rotation of the root secret finds it by that.

ALTER TABLE providers ADD COLUMN custom TEXT;

ALTER TABLE providers ADD COLUMN max_in_flight BIGINT;

-- Secrets of a provider that belong to no credential: header:<name> and query:<name> of a custom endpoint.
CREATE TABLE provider_secrets (
    provider_id TEXT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    field TEXT NOT NULL,
    sealed {bytes} NOT NULL,
    PRIMARY KEY (provider_id, field)
);

-- NULL: all operations. Else a list, as JSON.
ALTER TABLE virtual_keys ADD COLUMN operations TEXT;

ALTER TABLE virtual_keys ADD COLUMN concurrency BIGINT;

-- The secret before the last roll, good until its moment.
ALTER TABLE virtual_keys ADD COLUMN previous_hash {bytes};

ALTER TABLE virtual_keys ADD COLUMN previous_tail TEXT;

ALTER TABLE virtual_keys ADD COLUMN previous_until BIGINT;

ALTER TABLE virtual_keys ADD COLUMN previous_used_at BIGINT;

ALTER TABLE virtual_keys ADD COLUMN previous_uses BIGINT NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX virtual_keys_previous_hash ON virtual_keys (previous_hash);

-- What keys were called that are gone: the requests of the past are told by it.
CREATE TABLE removed_keys (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    removed_at BIGINT NOT NULL
);

-- One row: every change of what is configured counts it up, and so orders the changes of all nodes.
CREATE TABLE change_counter (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    value BIGINT NOT NULL
);

INSERT INTO change_counter (id, value) VALUES (1, 1);

-- id is a hash of scope and key; status and sealed answer are NULL while the first request is under way.
CREATE TABLE idempotency (
    id TEXT NOT NULL PRIMARY KEY,
    body {bytes} NOT NULL,
    owner TEXT NOT NULL,
    status BIGINT,
    sealed {bytes},
    expires_at BIGINT NOT NULL
);

CREATE INDEX idempotency_expiry ON idempotency (expires_at);

-- What only one node does at a time; a lease that is not extended ends by itself.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- A usage row knows its request. Rows of before are matched by what the caller saw.
CREATE INDEX usage_request_id_of_before ON usage (request_id);

ALTER TABLE usage RENAME TO usage_of_before;

-- The first row of a request has the request's id, and its request is NULL: only rows of later attempts name it.
-- request_id is NULL where it is req_ and the request's id in hexadecimal digits; losses is NULL where there are none.
-- {clustered} is WITHOUT ROWID on SQLite: the table is its primary key's tree, in the order of time.
CREATE TABLE usage (
    attempt_id {bytes} NOT NULL,
    request {bytes},
    request_id TEXT,
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
    losses TEXT,
    CONSTRAINT usage_by_id PRIMARY KEY (attempt_id)
){clustered};

INSERT INTO usage
SELECT old.attempt_id,
    CASE WHEN old.attempt > 1 THEN (
        SELECT first.attempt_id
        FROM usage_of_before AS first
        WHERE first.request_id = old.request_id AND first.key_id = old.key_id AND first.attempt = 1
            AND first.attempt_id < old.attempt_id
        ORDER BY first.attempt_id DESC
        LIMIT 1
    ) END,
    old.request_id, old.attempt, old.started_at, old.key_id, old.operation, old.virtual_model, old.provider, old.provider_model,
    old.stream, old.status, old.http_status, old.fault, old.input_tokens, old.cache_read_tokens, old.cache_write_tokens,
    old.cache_write_1h_tokens, old.output_tokens, old.reasoning_tokens, old.audio_input_tokens, old.audio_output_tokens,
    old.total_tokens, old.usage_estimated, old.latency_us, old.first_token_us, old.upstream_us, NULLIF(old.losses, '[]')
FROM usage_of_before AS old;

DROP TABLE usage_of_before;

-- What few rows have as a rule: so a row as a rule is written to one tree, at its end.
CREATE INDEX usage_later ON usage (request, attempt) WHERE request IS NOT NULL;

CREATE INDEX usage_request_id ON usage (request_id, attempt_id) WHERE request_id IS NOT NULL;

CREATE INDEX usage_errors ON usage (attempt_id) WHERE status <> 'succeeded';
