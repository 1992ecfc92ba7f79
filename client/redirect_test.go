package client_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/client"
)

// TestRedirectsAreNotFollowed: 307 and 308 would send the order again, the others make a GET of it,
// and all of them could take the credentials to another server. 302 and 303 are how the result of a POST
// is delivered.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	other := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	for _, status := range []int{301, 302, 303, 307, 308} {
		for target, to := range map[string]string{"another server": other.URL, "itself": "/again"} {
			t.Run(fmt.Sprint(status, " ", target), func(t *testing.T) {
				v := newVendor(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, status) })
				followed := func(*http.Request, []*http.Request) error { return nil }
				for _, opt := range []client.Option{
					nil,
					client.WithHTTPClient(nil),
					client.WithHTTPClient(&http.Client{Transport: v.Client().Transport, CheckRedirect: followed}),
				} {
					before := v.requests.Load()
					err := buy(t, newClient(t, v.URL, opt))
					wantError(t, err, status, status == http.StatusFound || status == http.StatusSeeOther)
					if !strings.Contains(err.Error(), "redirects to "+to) {
						t.Errorf("error %v: want where it redirects to", err)
					}
					wantRequests(t, v, before+1)
				}
			})
		}
	}
	wantRequests(t, other, 0)
	if got := other.connections.Load(); got != 0 {
		t.Errorf("%d connections to the other server: want none", got)
	}
}
