package contract_test

import (
	"testing"

	"github.com/turbosmtp-go/billing/server/contract/internal/library"
)

func TestOneAcceptedAlternativeIsEnough(t *testing.T) {
	t.Parallel()
	book := `{"title":"a","pages":1}`
	s := &shelf{response: library.AddBook201JSONResponse{Title: "a", Pages: 1}}
	send := serveLibrary(t, s)
	for _, row := range []struct {
		request
		principal any
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
		{request{"denied by one, accepted by another", "POST", "/books?key=k1", []string{"Authorization", "Bearer suspended", "X-Site", "s1", "Content-Type", "application/json"}, book, 201, "title"}, "site reader"},
		{request{"denied with a code that is not documented", "POST", "/books", []string{"Authorization", "Bearer odd"}, book, 500, "list it in x-error-codes.implementation"}, nil},
		{request{"the authenticator fails", "POST", "/books", []string{"Authorization", "Bearer broken"}, book, 500, "away"}, nil},
		{request{"no credentials required", "GET", "/books/a-1", []string{"Authorization", "Bearer bad"}, "", 500, "sent no response"}, nil},
		{request{"the document's own requirement", "DELETE", "/books/a-1?reason=old", nil, "", 401, `{"detail":"Credentials are missing."}`}, nil},
		{request{"the document's own requirement, wrong", "DELETE", "/books/a-1?reason=old", []string{"Authorization", "Bearer bad"}, "", 401, `{"detail":"The credentials are not accepted."}`}, nil},
	} {
		s.principal = nil
		row.run(t, send)
		if s.principal != row.principal {
			t.Errorf("%s: the principal is %v, want %v", row.name, s.principal, row.principal)
		}
	}
}

func TestOptionalCredentials(t *testing.T) {
	t.Parallel()
	s := &shelf{response: library.ListBooks200JSONResponse{Body: []library.Book{}, Headers: library.ListBooks200ResponseHeaders{}}}
	send := serveLibrary(t, s)
	for _, row := range []struct {
		request
		principal any
	}{
		{request{"", "GET", "/books", nil, "", 200, "[]"}, nil},
		{request{"", "GET", "/books", bearer, "", 200, "[]"}, "token reader"},
		{request{"", "GET", "/books", []string{"Authorization", "Bearer bad"}, "", 200, "[]"}, nil},
		{request{"", "GET", "/books", []string{"Authorization", "Bearer suspended"}, "", 200, "[]"}, nil},
		{request{"", "GET", "/books", []string{"Authorization", "Bearer broken"}, "", 500, "away"}, nil},
	} {
		s.principal = nil
		row.run(t, send)
		if s.principal != row.principal {
			t.Errorf("%v: the principal is %v, want %v", row.headers, s.principal, row.principal)
		}
	}
}
