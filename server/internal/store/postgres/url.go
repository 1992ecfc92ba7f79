package postgres

import (
	"errors"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// What is wrong with a URL is said without the URL: where its password is, is not sure then.
var (
	errNotURL = errors.New("the database is given as a URL, postgres://user:password@host:port/database")
	errAt     = errors.New("the URL of the database is ambiguous: an @, /, ? or # in a user name, a password or a setting is " +
		"written as %40, %2F, %3F or %23")
	errPassword = errors.New("the password in the URL of the database is not valid: a % in it is written as %25")
)

// parseURL returns the settings of the pool for a URL. Its errors hold no password.
func parseURL(given string) (*pgxpool.Config, error) {
	if err := checkURL(given); err != nil {
		return nil, err
	}
	config, err := poolConfig(given)
	if err == nil {
		return config, nil
	}
	// The error may quote any part of the URL. So what is told is what is wrong without the password.
	if _, err := poolConfig(withoutPassword(given)); err != nil {
		return nil, err
	}
	return nil, errPassword
}

// checkURL refuses a URL of which others might take a part of the password for the host or the database,
// and then show it.
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

// authorityEnd is where the user, the password and the host of a URL end.
func authorityEnd(rest string) int {
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		return end
	}
	return len(rest)
}

// hidden stands where a password was.
const hidden = "xxxxx"

// withoutPassword returns a URL that checkURL has found good, with its passwords hidden.
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
		if secret(name) {
			settings[i] = name + "=" + hidden
		}
	}
	return scheme + "://" + authority + path + "?" + strings.Join(settings, "&")
}

// secret reports whether a setting of a URL is a password, or a name that is not to be read.
func secret(name string) bool {
	decoded, err := url.QueryUnescape(name)
	return err != nil || strings.Contains(strings.ToLower(decoded), "password")
}
