-- +goose Up
-- The sum of the account's paid purchases, in whole units of its currency. It is stored,
-- because computing the sum would become slower with each purchase.
ALTER TABLE accounts ADD COLUMN balance INTEGER NOT NULL DEFAULT 0 CHECK (balance >= 0);

-- When a purchase was paid or cancelled, in microseconds since 1970, UTC.
ALTER TABLE purchases ADD COLUMN settled_at INTEGER CHECK ((settled_at IS NULL) = (status = 'pending'));
