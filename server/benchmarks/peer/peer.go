// Package peer has the document's API served by what people choose between: by hand on bare echo, by this
// project, by ogen, and by oapi-codegen's server behind echo-middleware with kin-openapi's filter. All of
// them get the same requests, let in the same credentials, have the same stub behind them, which sells to
// everyone who was let in, and give the same answers.
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
	// Name is what it is called in a table.
	Name string
	// New makes its handler.
	New func() (http.Handler, error)
}

// All returns the peers. The first is what the others are compared with.
func All() []Peer {
	return []Peer{
		{"bare", newBare},
		{"this", newProject(withoutAnswers)},
		{"this-answers", newProject()},
		{"this-all", newProject(withTelemetry)},
		{"ogen", newOgen},
		{"echo-middleware", newEchoMiddleware},
	}
}

// Serve serves the peer of a name. All are handlers of the same http.Server, but for this project with all
// that it has: its own Serve bounds times and connections, too.
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
	return errors.New("there is no peer " + name)
}

// The credentials that are let in.
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

// account is who the credentials belong to.
type account struct{ id string }

var known = &account{"bench"}

// errNobody is the stub's failure when nobody was let in.
var errNobody = errors.New("nobody was let in")

// sell is the stub behind all of them.
func sell(who any, _ int) (url string, err error) {
	if a, ok := who.(*account); !ok || a != known {
		return "", errNobody
	}
	return "https://billing.example.com/checkout/token", nil
}
