package client

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// baseURL is the server that requests may go to: scheme, host, and the path that they are below.
type baseURL struct{ *url.URL }

// parseBaseURL checks raw and takes trailing slashes and dot segments out of its path. Its errors do
// not repeat raw, which may hold a password at any place that the parser stumbles over.
func parseBaseURL(raw string, insecureHTTP bool) (baseURL, error) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return baseURL{}, errors.New("the base URL is not an absolute http or https URL")
	}
	if u.User != nil || u.ForceQuery || u.RawQuery != "" || strings.Contains(raw, "#") {
		return baseURL{}, errors.New("the base URL holds a user, a query or a fragment")
	}
	if u.Scheme == "http" && !insecureHTTP && !loopback(u.Hostname()) {
		return baseURL{}, errors.New("the base URL is plain http to another machine, which shows the credentials to the network: use https, or WithInsecureHTTP")
	}
	u = u.JoinPath()
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return baseURL{u}, nil
}

// below returns the request's path below the base URL, beginning with a slash and still escaped. It
// is an error when the request is for anything else, as the credentials are for that server alone.
func (b baseURL) below(req *http.Request) (string, error) {
	u := req.URL
	sameServer := u.Scheme == b.Scheme && strings.EqualFold(u.Host, b.Host) &&
		(req.Host == "" || strings.EqualFold(req.Host, b.Host))
	path, below := strings.CutPrefix(u.EscapedPath(), b.EscapedPath())
	if !sameServer || !below || !strings.HasPrefix(path, "/") {
		return "", errors.New("client: the request is not for the server of the base URL: not sent")
	}
	return path, nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
