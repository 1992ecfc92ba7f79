package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"
)

const (
	// pollTimeout bounds one poll, to the last byte of its response.
	pollTimeout = 10 * time.Second
	// maxState bounds what is read of a response, in bytes: a purchase needs a hundred.
	maxState = 64 << 10
	// maxRetryAfter limits Retry-After, so that a mistake in it does not block the wait.
	maxRetryAfter = time.Hour
)

// The states of a purchase in a sandbox.
const (
	pending   = "pending"
	paid      = "paid"
	cancelled = "cancelled"
	expired   = "expired"
)

// purchase is a sandbox's description of one. The other members are printed as they are.
type purchase struct {
	Status    string          `json:"status"`
	Amount    json.RawMessage `json:"amount"`
	Currency  json.RawMessage `json:"currency"`
	CreatedAt json.RawMessage `json:"created_at"`
}

// newPollClient returns a client that follows no redirect and that reads a response whole within the
// timeout.
func newPollClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true},
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// transientError is a failure that may not occur at the next poll.
type transientError struct {
	brief string // for a line with little room
	cause error
	// retryAfter is how long the response asks to wait, 0 if it does not.
	retryAfter time.Duration
}

func (e transientError) Error() string { return e.cause.Error() }
func (e transientError) Unwrap() error { return e.cause }

// poll returns the purchase behind a link, with a status that is known. It sends no credentials: the
// link is enough. Its error is a transientError, or a permanent one.
func (p *program) poll(ctx context.Context, link string) (*purchase, error) {
	u, err := webLink(link)
	if err != nil {
		return nil, err
	}
	u.User = nil // net/http would make credentials of it.
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "buycredits")
	resp, err := p.polls.Do(req)
	if err != nil {
		return nil, noResponse(err)
	}
	defer func() { _ = resp.Body.Close() }() // The body has been read.
	if resp.StatusCode != http.StatusOK {
		return nil, refusal(resp, p.clock.now())
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxState+1))
	if err != nil {
		return nil, noResponse(err)
	}
	return decode(body)
}

// noResponse is the error for a poll that got no response. A server that is not the one of the link
// does not change by waiting.
func noResponse(err error) error {
	if asked := (*url.Error)(nil); errors.As(err, &asked) {
		err = asked.Err // The user has the link already.
	}
	if stranger := (*tls.CertificateVerificationError)(nil); errors.As(err, &stranger) || errors.Is(err, http.ErrSchemeMismatch) {
		return fmt.Errorf("the link cannot be opened: %w", err)
	}
	return transientError{brief: "no response", cause: fmt.Errorf("the link got no response: %w", err)}
}

// refusal is the error for a response without a purchase.
func refusal(resp *http.Response, now time.Time) error {
	status := fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	cause := errors.New("the link's response is " + status)
	switch code := resp.StatusCode; {
	case code >= http.StatusInternalServerError, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout:
		return transientError{brief: status, cause: cause, retryAfter: retryAfter(resp.Header.Get("Retry-After"), now)}
	}
	return fmt.Errorf("%w, %w", cause, errNotFromSandbox)
}

var errNotFromSandbox = errors.New("so the link is not from a sandbox: only sandboxes report the status of a purchase")

func decode(body []byte) (*purchase, error) {
	var members map[string]json.RawMessage // Names are case-sensitive, as in the API.
	var state purchase
	switch {
	case len(body) > maxState:
		return nil, fmt.Errorf("the link's response has more than %d KiB, %w", maxState>>10, errNotFromSandbox)
	case !utf8.Valid(body), json.Unmarshal(body, &members) != nil,
		json.Unmarshal(members["status"], &state.Status) != nil, state.Status == "":
		return nil, fmt.Errorf("the link's response is not a purchase in JSON, %w", errNotFromSandbox)
	}
	switch state.Status {
	case pending, paid, cancelled, expired:
		state.Amount, state.Currency, state.CreatedAt = members["amount"], members["currency"], members["created_at"]
		return &state, nil
	}
	return nil, fmt.Errorf("the purchase has the status %q, which this program does not know", state.Status)
}

// retryAfter returns how long a Retry-After header of RFC 9110 section 10.2.3 asks to wait, in whole
// seconds or until a date, and 0 for one that cannot be read.
func retryAfter(value string, now time.Time) time.Duration {
	seconds, err := strconv.ParseUint(value, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) { // Out of range: ParseUint returned the maximum.
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), maxRetryAfter)
}
