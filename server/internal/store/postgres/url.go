package postgres

import (
	"errors"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// The errors of a malformed URL do not quote it, because the position of its password is unknown.
var (
	errNotURL = errors.New("the address is not a URL: write postgres://user:password@host:port/database")
	errAt     = errors.New("the database URL is ambiguous: write an @, /, ? or # in a user name, a password or a setting as " +
		"%40, %2F, %3F or %23")
	errPassword = errors.New("the password in the database URL is not valid: write a % in the password as %25")
)

// parseURL returns the settings of the pool for a URL. Its errors do not contain the password.
func parseURL(given string) (*pgxpool.Config, error) {
	if err := checkURL(given); err != nil {
		return nil, err
	}
	config, err := poolConfig(given)
	if err == nil {
		return config, nil
	}
	// The error may quote any part of the URL, so parseURL returns the error of the URL without its password.
	if _, err := poolConfig(withoutPassword(given)); err != nil {
		return nil, err
	}
	return nil, errPassword
}

// checkURL refuses a URL in which a parser may mistake a part of the password for the host or the database, and quote
// it.
func checkURL(given string) error {
	rest, ok := strings.CutPrefix(given, "postgres://")
	if !ok {
		if rest, ok = strings.CutPrefix(given, "postgresql://"); !ok {
			return errNotURL
		}
	}
	authority := rest[:authorityEnd(rest)]
	path, _, _ := strings.Cut(rest[len(authority):], "?")
	switch {
	case strings.Count(authority, "@") > 1, strings.ContainsAny(path, "@#"):
		return errAt
	case !strings.Contains(authority, "@") && strings.Contains(rest, "@"):
		return errAt
	}
	return nil
}

// authorityEnd returns the length of the authority: the user, the password and the host of a URL (RFC 3986, section 3.2).
func authorityEnd(rest string) int {
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		return end
	}
	return len(rest)
}

// hidden replaces a password.
const hidden = "xxxxx"

// withoutPassword returns a URL that checkURL accepts, with its passwords hidden.
func withoutPassword(given string) string {
	scheme, rest, _ := strings.Cut(given, "://")
	end := authorityEnd(rest)
	authority, rest := rest[:end], rest[end:]
	if user, host, ok := strings.Cut(authority, "@"); ok {
		if name, _, ok := strings.Cut(user, ":"); ok {
			authority = name + ":" + hidden + "@" + host
		}
	}
	path, query, ok := strings.Cut(rest, "?")
	if !ok {
		return scheme + "://" + authority + rest
	}
	settings := strings.Split(query, "&")
	for i, setting := range settings {
		name, _, _ := strings.Cut(setting, "=")
		if isSecret(name) {
			settings[i] = name + "=" + hidden
		}
	}
	return scheme + "://" + authority + path + "?" + strings.Join(settings, "&")
}

// isSecret reports whether a setting of a URL is a password, or has a name that cannot be decoded.
func isSecret(name string) bool {
	decoded, err := url.QueryUnescape(name)
	return err != nil || strings.Contains(strings.ToLower(decoded), "password")
}
