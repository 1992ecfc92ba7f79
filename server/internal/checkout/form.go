package checkout

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
)

// A form is known to come from the page by two things that belong together: a random cookie, which
// the browser keeps from other sites, and a token in the form, which is made from that cookie and from
// the purchase. Neither is kept on the server, so that it can be started anew or stand beside others
// that share the database.

const (
	cookieName = "checkout"
	cookieSize = 32 // bytes of randomness
)

// formToken returns the token for the form of a purchase, and gives the browser its cookie if it has
// none: all tabs of a browser share one.
func (h *Handler) formToken(w http.ResponseWriter, r *http.Request, purchase string) string {
	secret := cookieSecret(r)
	if secret == nil {
		secret = make([]byte, cookieSize)
		_, _ = rand.Read(secret) // never fails
		// It has no path: the browser takes the page's folder, also behind a proxy that has put it below
		// a path of its own. Lax and not Strict, for a link on another site would not send that, and the
		// new cookie would make the forms of older tabs worthless.
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // a sandbox may be served without TLS
			Name: cookieName, Value: base64.RawURLEncoding.EncodeToString(secret),
			HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: h.settings.secure || r.TLS != nil,
		})
	}
	return sign(secret, purchase)
}

// fromPage reports whether a parsed form was sent by the page of a purchase.
func fromPage(r *http.Request, purchase string) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none": // an old browser or none; the page; the user
	default:
		return false
	}
	secret := cookieSecret(r)
	sent := r.PostForm.Get(tokenField)
	return secret != nil && subtle.ConstantTimeCompare([]byte(sent), []byte(sign(secret, purchase))) == 1
}

// cookieSecret returns what the browser's cookie holds, nil when it is none of this page's.
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
