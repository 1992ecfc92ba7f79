-- +goose Up
-- Texts that are looked up or listed are sorted by their bytes, whatever the collation of the database.
CREATE TABLE accounts (
    id          text COLLATE "C" PRIMARY KEY CHECK (id <> ''),
    name        text    NOT NULL CHECK (name <> ''),
    currency    text    NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    active      boolean NOT NULL,
    active_plan boolean NOT NULL,
    -- The sum of the account's paid purchases, in whole units of its currency. It is stored,
    -- because computing the sum would become slower with each purchase.
    balance     bigint  NOT NULL DEFAULT 0 CHECK (balance >= 0)
);

CREATE TABLE keys (
    id          text COLLATE "C" PRIMARY KEY CHECK (id <> ''),
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    account_id  text COLLATE "C" NOT NULL REFERENCES accounts (id),
    -- NULL if it is unknown.
    created_at  timestamptz
);

CREATE INDEX keys_by_account ON keys (account_id, id);

CREATE TABLE purchases (
    token      text COLLATE "C" PRIMARY KEY CHECK (token <> ''),
    account_id text COLLATE "C" NOT NULL REFERENCES accounts (id),
    amount     bigint      NOT NULL CHECK (amount > 0),
    currency   text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    status     text        NOT NULL CHECK (status <> ''),
    created_at timestamptz NOT NULL,
    settled_at timestamptz CHECK ((settled_at IS NULL) = (status = 'pending'))
);

CREATE INDEX purchases_by_time ON purchases (created_at, token);
CREATE INDEX purchases_by_account ON purchases (account_id, created_at, token);
