package billing_test

import (
	"bytes"
	"context"
	"encoding"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// TestSecretsAreNotPrinted prints and logs all types that contain a secret in all ways.
func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	const secret = "correct-horse-battery-staple"
	token := strings.Repeat("abcdefg2", 5)
	key := billing.APIKey(secret).Key("acme")
	hash := string(key.SecretHash[:])
	for name, value := range map[string]any{
		"Secret":                  billing.NewSecret(secret),
		"ConsumerKey":             billing.ConsumerKey("public", secret),
		"APIKey":                  billing.APIKey(secret),
		"Key":                     key,
		"Purchase":                billing.Purchase{Token: token, AccountID: "acme", CreatedAt: time.Unix(0, 0)},
		"SeedAccount":             billing.SeedAccount{ConsumerSecret: billing.NewSecret(secret), APIKey: billing.NewSecret(secret)},
		"an unexported Secret":    struct{ hidden billing.Secret }{billing.NewSecret(secret)},
		"unexported Credentials":  struct{ hidden billing.Credentials }{billing.APIKey(secret)},
		"a list of Secrets":       []billing.Secret{billing.NewSecret(secret)},
		"a pointer to a Purchase": &billing.Purchase{Token: token},
	} {
		var out strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v"} {
			arguments := []any{value}
			if strings.HasPrefix(verb, "%T") {
				arguments = append(arguments, value)
			}
			fmt.Fprintf(&out, verb+"\n", arguments...)
		}
		fmt.Fprintln(&out, value)
		text := slog.New(slog.NewTextHandler(&out, nil))
		text.Info("text", "value", value)
		if !strings.Contains(name, "pointer") {
			logged := slog.New(slog.NewJSONHandler(&out, nil))
			logged.LogAttrs(context.Background(), slog.LevelInfo, "JSON", slog.Any("value", value))
		}
		if !strings.Contains(name, "Purchase") { // which is marshalled with its token
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			out.Write(encoded)
		}
		printed := out.String()
		for _, hidden := range []string{
			secret, hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))), token,
		} {
			if strings.Contains(printed, hidden) {
				t.Errorf("%s prints %q:\n%s", name, hidden, printed)
			}
		}
		if !strings.HasPrefix(name, "unexported") && (strings.Contains(printed, hash) || strings.Contains(strings.ToLower(printed), hex.EncodeToString(key.SecretHash[:8]))) {
			t.Errorf("%s prints the hash:\n%s", name, printed)
		}
	}
}

func TestPrintedForms(t *testing.T) {
	t.Parallel()
	purchase := billing.Purchase{
		Token: strings.Repeat("abcdefgh", 5), AccountID: "acme", Amount: 320, Currency: "USD", Status: "pending",
		CreatedAt: time.Date(2026, 11, 1, 12, 0, 0, 1000, time.UTC),
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("bought", "purchase", purchase, "with", billing.APIKey("x"),
		"secret", billing.NewSecret("x"), "key", billing.ConsumerKey("public", "x").Key("acme"))
	for _, want := range []string{
		"purchase.token=abcdefghabcdef…", "purchase.account=acme", "purchase.amount=320", "purchase.currency=USD", "purchase.status=pending",
		"purchase.created_at=2026-11-01T12:00:00.000Z", `with="credentials(API key)"`, "secret=[secret]", `key="key(consumer:public of acme)"`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not contain %s: %s", want, log.String())
		}
	}
	for got, want := range map[string]string{
		fmt.Sprint(purchase):                           "purchase(abcdefghabcdef… of acme: 320 USD, pending, 2026-11-01T12:00:00.000001Z)",
		fmt.Sprint(billing.ConsumerKey("public", "x")): "credentials(consumer key)",
		fmt.Sprint(billing.Credentials{}):              "credentials(none)",
		billing.ShortToken("abcdef"):                   "…",
		billing.ShortToken(strings.Repeat("a", 32)):    "aaaaaa…",
		billing.ShortToken(""):                         "…",
		billing.NewSecret("x").Reveal():                "x",
		billing.Secret{}.Reveal():                      "",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestPrintingMethodsAgree calls each method, because fmt replaces a missing one by another.
func TestPrintingMethodsAgree(t *testing.T) {
	t.Parallel()
	for want, value := range map[string]interface {
		fmt.Formatter
		fmt.Stringer
		encoding.TextMarshaler
	}{
		"[secret]":                billing.NewSecret("x"),
		"credentials(API key)":    billing.APIKey("x"),
		"key(consumer:p of acme)": billing.ConsumerKey("p", "x").Key("acme"),
	} {
		text, err := value.MarshalText()
		if err != nil {
			t.Error(err)
		}
		for _, got := range []string{value.String(), logged(value), string(text), fmt.Sprintf("%#v", value), fmt.Sprintf("%d", value)} {
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	}
}

// logged returns a value as the handlers of slog write it.
func logged(value any) string {
	var text, inJSON strings.Builder
	slog.New(slog.NewTextHandler(&text, nil)).Info("", "value", value)
	slog.New(slog.NewJSONHandler(&inJSON, nil)).Info("", "value", value)
	_, written, _ := strings.Cut(strings.TrimSpace(text.String()), "value=")
	if !strings.Contains(inJSON.String(), strings.Trim(written, `"`)) {
		return inJSON.String()
	}
	return strings.Trim(written, `"`)
}

func TestKeysDoNotContainTheSecret(t *testing.T) {
	t.Parallel()
	const secret = "correct-horse-battery-staple"
	for _, key := range []billing.Key{
		billing.ConsumerKey("public", secret).Key("acme"),
		billing.APIKey(secret).Key("acme"),
	} {
		if strings.Contains(key.ID, secret) || bytes.Contains(key.SecretHash[:], []byte(secret[:8])) {
			t.Errorf("%v contains the secret", key)
		}
	}
	api := billing.APIKey(secret).Key("acme")
	if strings.Contains(api.ID, base64.RawURLEncoding.EncodeToString(api.SecretHash[:])) {
		t.Error("the ID of an API key contains its secret hash")
	}
	// The same secret has a different hash in each place.
	hashes := map[[32]byte]bool{
		api.SecretHash: true,
		billing.ConsumerKey("public", secret).Key("acme").SecretHash: true,
		billing.ConsumerKey("other", secret).Key("acme").SecretHash:  true,
		billing.ConsumerKey(secret, "x").Key("acme").SecretHash:      true,
	}
	if len(hashes) != 4 {
		t.Errorf("4 credentials have %d hashes", len(hashes))
	}
}
