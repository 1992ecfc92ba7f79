// Package peer serves the document's API in several ways: by hand on bare echo, with this project, with ogen, and
// with oapi-codegen's server behind echo-middleware and kin-openapi's filter. All accept the same credentials,
// call the same stub, and return the same responses.
package peer

import (
	"context"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"time"
)

// Peer is a way to serve the API.
type Peer struct {
	// Name identifies the peer in tables.
	Name string
	// New returns the peer's handler.
	New func() (http.Handler, error)
}

// All returns the peers. The others are compared with the first.
func All() []Peer {
	return []Peer{
		{"bare", newBare},
		{"this", newProject(withoutResponseCheck)},
		{"this-responses", newProject()},
		{"this-all", newProject(withTelemetry)},
		{"ogen", newOgen},
		{"echo-middleware", newEchoMiddleware},
	}
}

// Serve serves the named peer. Every peer runs in a plain http.Server, except this project with everything on:
// its own Serve also limits times and connections.
func Serve(ctx context.Context, listener net.Listener, name string) error {
	for _, p := range All() {
		if p.Name != name {
			continue
		}
		handler, err := p.New()
		if err != nil {
			return err
		}
		if own, ok := handler.(project); ok && name == "this-all" {
			return own.Serve(ctx, listener)
		}
		return (&http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}).Serve(listener)
	}
	return errors.New("peer: unknown peer " + name)
}

// The accepted credentials.
const (
	Key    = "bench-key"
	Secret = "bench-secret"
	token  = "bench-token"
)

func isKey(key string) bool { return key == Key }
func isSecret(secret string) bool {
	return subtle.ConstantTimeCompare([]byte(secret), []byte(Secret)) == 1
}
func isToken(sent string) bool { return subtle.ConstantTimeCompare([]byte(sent), []byte(token)) == 1 }

// account is the principal of the credentials.
type account struct{ id string }

var known = &account{"bench"}

// errUnauthenticated is the stub's error for a request without an account.
var errUnauthenticated = errors.New("peer: not authenticated")

// sell is the stub behind all peers.
func sell(principal any, _ int) (url string, err error) {
	if a, ok := principal.(*account); !ok || a != known {
		return "", errUnauthenticated
	}
	return "https://billing.example.com/checkout/token", nil
}
