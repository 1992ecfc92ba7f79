package checkout

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
)

// A form is accepted if it contains a token that matches the browser's cookie: the token is an HMAC of
// the purchase, and the cookie contains the random key. Other sites can neither read nor set the cookie.
// The server stores neither, so it can restart, and several servers can share the database.

const (
	cookieName = "checkout"
	cookieSize = 32 // random bytes
)

// formToken returns the token for the form of a purchase. It sets the cookie if the browser has none: all
// tabs of a browser share one.
func (h *Handler) formToken(w http.ResponseWriter, r *http.Request, purchase string) string {
	secret := cookieSecret(r)
	if secret == nil {
		secret = make([]byte, cookieSize)
		_, _ = rand.Read(secret) // never fails
		// Without a path, the browser uses the directory of the page, also behind a proxy that adds a path
		// prefix. SameSite is not Strict: a browser that follows a link from another site would not send
		// the cookie, and the new cookie would invalidate the forms in older tabs.
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // a sandbox can be served without TLS
			Name: cookieName, Value: base64.RawURLEncoding.EncodeToString(secret),
			HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(h.publicURL, "https:") || r.TLS != nil,
		})
	}
	return sign(secret, purchase)
}

// fromPage reports whether a parsed form was sent by the page of a purchase.
func fromPage(r *http.Request, purchase string) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none": // old browsers and other clients send no such header
	default:
		return false
	}
	secret := cookieSecret(r)
	sent := r.PostForm.Get("form_token")
	return secret != nil && subtle.ConstantTimeCompare([]byte(sent), []byte(sign(secret, purchase))) == 1
}

// cookieSecret returns the key in the browser's cookie, or nil if the cookie is missing or malformed.
func cookieSecret(r *http.Request) []byte {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil
	}
	secret, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(secret) != cookieSize {
		return nil
	}
	return secret
}

func sign(secret []byte, purchase string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(purchase))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
