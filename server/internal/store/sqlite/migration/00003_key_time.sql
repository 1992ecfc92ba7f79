-- +goose Up
-- When a key was made, in microseconds since 1970, UTC. NULL: before this was kept.
ALTER TABLE keys ADD COLUMN created_at INTEGER;
