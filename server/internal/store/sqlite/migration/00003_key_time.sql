-- +goose Up
-- When a key was created, in microseconds since 1970, UTC. NULL for keys that are older than this column.
ALTER TABLE keys ADD COLUMN created_at INTEGER;
