package client

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// baseURL is the server that requests may go to: scheme, host, and the path that they are below.
type baseURL struct {
	*url.URL
	path string // escaped
}

// parseBaseURL checks raw and removes trailing slashes and dot segments from its path. Its errors name
// the source, and do not repeat raw, which may contain a password anywhere.
func parseBaseURL(source, raw string, insecureHTTP bool) (baseURL, error) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return baseURL{}, fmt.Errorf("%s: the base URL is not an absolute http or https URL", source)
	}
	if u.User != nil || u.ForceQuery || u.RawQuery != "" || strings.Contains(raw, "#") {
		return baseURL{}, fmt.Errorf("%s: the base URL contains a user, a query or a fragment", source)
	}
	if u.Scheme == "http" && !insecureHTTP && !loopback(u.Hostname()) {
		return baseURL{}, fmt.Errorf("%s: the base URL is plain http to another machine, which shows the credentials to the network: use https, or WithInsecureHTTP", source)
	}
	u = u.JoinPath()
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return baseURL{u, u.EscapedPath()}, nil
}

// address returns the host and port that net/http dials.
func (b baseURL) address() string {
	port := b.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[b.Scheme]
	}
	return net.JoinHostPort(b.Hostname(), port)
}

// join returns the URL of a path below the base URL, without parameters and nothing to escape.
func (b baseURL) join(path string) *url.URL {
	u := *b.URL
	u.Path += path
	if u.RawPath != "" {
		u.RawPath += path
	}
	return &u
}

// below returns the request's path below the base URL, beginning with a slash and still escaped. It
// returns an error when the request is for another server, which must not get the credentials.
func (b baseURL) below(req *http.Request) (string, error) {
	u := req.URL
	sameServer := u.Opaque == "" && u.User == nil && u.Scheme == b.Scheme && strings.EqualFold(u.Host, b.Host) &&
		(req.Host == "" || strings.EqualFold(req.Host, b.Host))
	path, below := strings.CutPrefix(u.EscapedPath(), b.path)
	if !sameServer || !below || !strings.HasPrefix(path, "/") || hasDots(path) {
		return "", errors.New("the request is not for the server of the base URL")
	}
	return path, nil
}

// hasDots reports whether a path has a segment "." or "..", which leads a server elsewhere.
func hasDots(path string) bool {
	if !strings.Contains(path, "/.") && !strings.Contains(path, "%2") {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		name, err := url.PathUnescape(segment)
		if err != nil || slices.ContainsFunc(strings.Split(name, "/"), func(s string) bool { return s == "." || s == ".." }) {
			return true
		}
	}
	return false
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
