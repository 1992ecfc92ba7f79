package main

import (
	"io"
	"log/slog"
)

// newLogger returns a logger that writes lines of a level and above, in the format text or json.
func newLogger(w io.Writer, format, level string) *slog.Logger {
	var minimum slog.Level
	_ = minimum.UnmarshalText([]byte(level)) // kong accepts only valid levels
	options := &slog.HandlerOptions{Level: minimum}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
