-- +goose Up
CREATE TABLE accounts (
    id          TEXT    NOT NULL PRIMARY KEY CHECK (id <> ''),
    name        TEXT    NOT NULL CHECK (name <> ''),
    currency    TEXT    NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    active      INTEGER NOT NULL CHECK (active IN (0, 1)),
    active_plan INTEGER NOT NULL CHECK (active_plan IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
    id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
    account_id  TEXT NOT NULL REFERENCES accounts (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX keys_by_account ON keys (account_id);

-- created_at is in microseconds since 1970, UTC. The table itself is sorted by time, so
-- that a new purchase is added at its end.
CREATE TABLE purchases (
    created_at INTEGER NOT NULL,
    token      TEXT    NOT NULL UNIQUE CHECK (token <> ''),
    account_id TEXT    NOT NULL REFERENCES accounts (id),
    amount     INTEGER NOT NULL CHECK (amount > 0),
    currency   TEXT    NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    status     TEXT    NOT NULL CHECK (status <> ''),
    PRIMARY KEY (created_at, token)
) STRICT, WITHOUT ROWID;

CREATE INDEX purchases_by_account ON purchases (account_id, created_at, token);

-- "tsbl" identifies the format of the file, for the program file(1) and for Open.
PRAGMA application_id = 0x7473626c;
