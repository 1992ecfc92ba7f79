package contract_test

import (
	"context"
	"testing"

	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/contract/internal/library"
)

func TestSecurityAlternatives(t *testing.T) {
	t.Parallel()
	book := `{"title":"a","pages":1}`
	s := &shelf{answer: library.AddBook201JSONResponse{Title: "a", Pages: 1}}
	ask := serveLibrary(t, s)
	for _, row := range []struct {
		request
		who any
	}{
		{request{"none", "POST", "/books", nil, book, 401, `{"code":"who_are_you"}`}, nil},
		{request{"empty", "POST", "/books", []string{"Authorization", ""}, book, 401, "who_are_you"}, nil},
		{request{"another scheme", "POST", "/books", []string{"Authorization", "Digest good"}, book, 401, "who_are_you"}, nil},
		{request{"no token after the scheme", "POST", "/books", []string{"Authorization", "Bearer "}, book, 401, "who_are_you"}, nil},
		{request{"half a pair, query", "POST", "/books?key=k1", nil, book, 401, "who_are_you"}, nil},
		{request{"half a pair, header", "POST", "/books", []string{"X-Site", "s1"}, book, 401, "who_are_you"}, nil},
		{request{"wrong token", "POST", "/books", []string{"Authorization", "Bearer bad"}, book, 401, "not_you"}, nil},
		{request{"wrong pair", "POST", "/books?key=k1", []string{"X-Site", "s2"}, book, 401, "not_you"}, nil},
		{request{"basic that is not base64", "POST", "/books", []string{"Authorization", "Basic !"}, book, 401, "who_are_you"}, nil},
		{request{"token", "POST", "/books", asJSON, book, 201, "title"}, "token reader"},
		{request{"scheme in other case", "POST", "/books", []string{"Authorization", "bEARER  good", "Content-Type", "application/json"}, book, 201, "title"}, "token reader"},
		{request{"basic", "POST", "/books", []string{"Authorization", "Basic YW5uOnNlY3JldA==", "Content-Type", "application/json"}, book, 201, "title"}, "user reader"},
		{request{"pair", "POST", "/books?key=k1", []string{"X-Site", "s1", "Content-Type", "application/json"}, book, 201, "title"}, "site reader"},
		{request{"one accepted is enough", "POST", "/books?key=k1", []string{"Authorization", "Bearer bad", "X-Site", "s1", "Content-Type", "application/json"}, book, 201, "title"}, "site reader"},
		{request{"sent twice, the same", "POST", "/books", append([]string{"Authorization", "Bearer good"}, asJSON...), book, 201, "title"}, "token reader"},
		{request{"sent twice, differently", "POST", "/books", append([]string{"Authorization", "Bearer bad"}, asJSON...), book, 401, "not_you"}, nil},
		{request{"sent twice, good first", "POST", "/books", append(asJSON[:len(asJSON):len(asJSON)], "Authorization", "Bearer bad"), book, 401, "not_you"}, nil},
		{request{"query twice, differently", "POST", "/books?key=k1&key=k2", []string{"X-Site", "s1"}, book, 401, "not_you"}, nil},
		{request{"denied", "POST", "/books", []string{"Authorization", "Bearer suspended"}, book, 401, "suspended"}, nil},
		{request{"denied by one, let in by another", "POST", "/books?key=k1", []string{"Authorization", "Bearer suspended", "X-Site", "s1", "Content-Type", "application/json"}, book, 201, "title"}, "site reader"},
		{request{"denied with a code that is not documented", "POST", "/books", []string{"Authorization", "Bearer odd"}, book, 500, "does not have"}, nil},
		{request{"cannot tell", "POST", "/books", []string{"Authorization", "Bearer broken"}, book, 500, "away"}, nil},
		{request{"nothing asked for", "GET", "/books/a-1", []string{"Authorization", "Bearer bad"}, "", 500, "no answer"}, nil},
		{request{"the document's own requirement", "DELETE", "/books/a-1?reason=old", nil, "", 401, `{"detail":"Credentials are needed."}`}, nil},
		{request{"the document's own requirement, wrong", "DELETE", "/books/a-1?reason=old", []string{"Authorization", "Bearer bad"}, "", 401, `{"detail":"The credentials are not accepted."}`}, nil},
	} {
		s.who = nil
		row.run(t, ask)
		if s.who != row.who {
			t.Errorf("%s: the principal is %v, want %v", row.name, s.who, row.who)
		}
	}
}

func TestAnonymousAlternative(t *testing.T) {
	t.Parallel()
	s := &shelf{answer: library.ListBooks200JSONResponse{Body: []library.Book{}, Headers: library.ListBooks200ResponseHeaders{}}}
	ask := serveLibrary(t, s)
	for _, row := range []struct {
		request
		who any
	}{
		{request{"", "GET", "/books", nil, "", 200, "[]"}, nil},
		{request{"", "GET", "/books", bearer, "", 200, "[]"}, "token reader"},
		{request{"", "GET", "/books", []string{"Authorization", "Bearer bad"}, "", 200, "[]"}, nil},
		{request{"", "GET", "/books", []string{"Authorization", "Bearer suspended"}, "", 200, "[]"}, nil},
		{request{"", "GET", "/books", []string{"Authorization", "Bearer broken"}, "", 500, "away"}, nil},
	} {
		s.who = nil
		row.run(t, ask)
		if s.who != row.who {
			t.Errorf("%v: the principal is %v, want %v", row.headers, s.who, row.who)
		}
	}
}

// TestManySchemes has an alternative with more schemes than there is room for the values of.
func TestManySchemes(t *testing.T) {
	t.Parallel()
	document := loadLibrary(t, "{key: [], site: []}", "{key: [], site: [], zone: [], token: []}",
		"    site: {type: apiKey, in: header, name: X-Site}", "    site: {type: apiKey, in: header, name: X-Site}\n    zone: {type: apiKey, in: header, name: X-Zone}")
	var got string
	ask := serveDocument(t, document, &shelf{answer: library.AddBook201JSONResponse{Title: "a", Pages: 1}}, contract.WithAuthenticator(contract.AuthenticatorFunc(
		func(_ context.Context, c contract.Credentials) (any, error) {
			got = c.Value("key") + c.Value("site") + c.Value("zone") + c.Value("token") + c.Value("user")
			if c.Value("zone") == "" {
				return nil, contract.ErrNotAccepted
			}
			return "zone reader", nil
		})))
	headers := append([]string{"X-Site", "s1", "X-Zone", "z1"}, asJSON...)
	request{"", "POST", "/books?key=k1", headers, `{"title":"a","pages":1}`, 201, "title"}.run(t, ask)
	if got != "k1s1z1good" {
		t.Errorf("the authenticator saw %q", got)
	}
}
