package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
)

// command runs a command over a database, and returns what it prints.
func command(t testing.TB, database string, args ...string) string {
	t.Helper()
	var stdout, stderr strings.Builder
	if err := run(context.Background(), append(args, "--database", database), none, &stdout, &stderr); err != nil {
		t.Fatalf("%v: %s", args, &stderr)
	}
	return stdout.String()
}

// parsed is what a command prints for programs.
func parsed[T any](t testing.TB, text string) (value T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

// customer is a client with credentials, which tries once.
func customer(t testing.TB, base string, credentials client.Option) *client.Client {
	t.Helper()
	c, err := client.New(client.WithBaseURL(base), credentials, client.WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// buysUntil buys without a pause until it is refused, and returns how long that took.
func buysUntil(t testing.TB, c *client.Client, refused func(error) bool) time.Duration {
	t.Helper()
	for began := time.Now(); ; {
		_, err := c.BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
		switch took := time.Since(began); {
		case err != nil && refused(err):
			return took
		case err != nil:
			t.Fatal(err)
		case took > 20*time.Second:
			t.Fatal("it is never refused")
		}
	}
}

// TestTheLifeOfAnAccount does from the command line what happens to an account, while servers have its
// database open: each change works in all of them within a second.
func TestTheLifeOfAnAccount(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.db")
	database := "sqlite:" + path
	first := serveIn(t, none, "--addr", "127.0.0.1:0", "--database", database)
	second := serveIn(t, none, "--addr", "127.0.0.1:0", "--database", database)

	account := parsed[accountView](t, command(t, database, "accounts", "add", "acme", "--name", "Acme Ltd", "--currency", "eur", "-o", "json"))
	if account.ID != "acme" || account.Name != "Acme Ltd" || account.Currency != "EUR" || !account.Active || !account.ActivePlan || len(account.Keys) != 2 {
		t.Fatalf("added as %+v", account)
	}
	more := parsed[keyView](t, command(t, database, "keys", "add", "acme", "-o", "json"))
	consumer := client.WithConsumerKey(account.Keys[0].ConsumerKey, account.Keys[0].ConsumerSecret)
	var customers []*client.Client
	for _, base := range []string{first.base, second.base} {
		for _, credentials := range []client.Option{consumer, client.WithAPIKey(account.Keys[1].APIKey), client.WithAPIKey(more.APIKey)} {
			c := customer(t, base, credentials)
			if _, err := c.BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 320}); err != nil {
				t.Error(err)
			}
			customers = append(customers, c)
		}
	}
	within := func(step string, c *client.Client, code model.AuthorizationErrorCode) {
		t.Helper()
		if took := buysUntil(t, c, func(err error) bool { return client.HasCode(err, code) }); took > time.Second {
			t.Errorf("%s: it took %v", step, took)
		}
	}
	command(t, database, "keys", "revoke", more.ID)
	within("revoked, in the first server", customers[2], model.InvalidAuthorizationKey)
	within("revoked, in the second server", customers[5], model.InvalidAuthorizationKey)
	if said := command(t, database, "accounts", "disable", "acme"); said != "The account acme is not let in and has a plan.\n" {
		t.Error(said)
	}
	within("disabled, in the first server", customers[0], model.AccountIsInactive)
	within("disabled, in the second server", customers[4], model.AccountIsInactive)
	command(t, database, "accounts", "enable", "acme")
	command(t, database, "accounts", "plan", "acme", "off")
	if took := buysUntil(t, customers[0], func(err error) bool { return client.HasCode(err, model.CanNotBuyExtraCreditWithoutActivePlan) }); took > time.Second {
		t.Errorf("without a plan: it took %v", took)
	}
	command(t, database, "accounts", "plan", "acme", "on")
	if _, err := customers[3].BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 320}); err != nil {
		t.Error(err)
	}

	shown := parsed[accountView](t, command(t, database, "accounts", "show", "acme", "-o", "json"))
	if shown.Active != true || len(shown.Keys) != 2 || shown.Keys[0].APIKey+shown.Keys[1].APIKey+shown.Keys[0].ConsumerSecret+shown.Keys[1].ConsumerSecret != "" {
		t.Errorf("shown as %+v", shown)
	}
	for _, secret := range []string{account.Keys[0].ConsumerSecret, account.Keys[1].APIKey, more.APIKey} {
		for _, suffix := range []string{"", "-wal"} {
			if data, err := os.ReadFile(path + suffix); err != nil || strings.Contains(string(data), secret) {
				t.Errorf("the database%s holds a secret, or %v", suffix, err)
			}
		}
	}
}

func TestAccountsForPeople(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + filepath.Join(t.TempDir(), "sandbox.db")
	if err := serveIn(t, none, "--addr", "127.0.0.1:0", "--database", database).stop(); err != nil {
		t.Fatal(err)
	}
	added := command(t, database, "accounts", "add", "acme")
	for _, want := range []string{"The account acme was added.", model.ConsumerKeyHeader + ":", model.ConsumerSecretHeader + ":", model.AuthorizationHeader + ":", "not shown again"} {
		if !strings.Contains(added, want) {
			t.Errorf("without %q: %s", want, added)
		}
	}
	if said := command(t, database, "accounts", "add", "empty", "--inactive", "--no-plan", "--no-keys"); said != "The account empty was added.\n" {
		t.Error(said)
	}
	for _, row := range []struct {
		want string
		args []string
	}{
		{"acme              acme                         yes     yes   0 USD\nempty             empty                        no      no    0 USD\n", []string{"accounts", "list"}},
		{"let in   yes\n", []string{"accounts", "show", "acme"}},
		{"consumer:ck_", []string{"accounts", "show", "acme"}},
		{"paid     0 USD\n", []string{"accounts", "show", "empty"}},
		{"acme              consumer key  20", []string{"keys", "list"}},
		{"acme     API key       20", []string{"keys", "list", "acme"}},
		{model.ConsumerSecretHeader + ":  cs_", []string{"keys", "add", "acme", "--kind", "consumer"}},
		{`{"id":"acme","name":"acme","currency":"USD","active":true,"active_plan":true,"paid":0}`, []string{"accounts", "list", "-o", "json"}},
		{`{"id":"acme","name":"acme","currency":"USD","active":false,"active_plan":true,"paid":0}`, []string{"accounts", "disable", "acme", "-o", "json"}},
		{`{"revoked":"consumer:sandbox-noplan-key"}`, []string{"keys", "revoke", "consumer:sandbox-noplan-key", "-o", "json"}},
		{"The key consumer:sandbox-active-key is revoked.\n", []string{"keys", "revoke", "consumer:sandbox-active-key"}},
	} {
		if said := command(t, database, row.args...); !strings.Contains(said, row.want) {
			t.Errorf("%v: without %q:\n%s", row.args, row.want, said)
		}
	}
	for _, row := range []struct {
		code int
		want string
		args []string
	}{
		{1, `there is an account "acme" already`, []string{"accounts", "add", "acme"}},
		{1, "ISO 4217", []string{"accounts", "add", "x", "--currency", "dollars"}},
		{1, "cannot be printed", []string{"accounts", "add", "x\x1b[2J"}},
		{1, `there is no account "nobody"`, []string{"accounts", "show", "nobody"}},
		{1, `there is no account "nobody"`, []string{"accounts", "enable", "nobody"}},
		{1, `there is no account "nobody"`, []string{"keys", "add", "nobody"}},
		{1, `there is no account "nobody"`, []string{"keys", "list", "nobody"}},
		{1, `there is no key "nothing"`, []string{"keys", "revoke", "nothing"}},
		{2, "on", []string{"accounts", "plan", "acme", "perhaps"}},
		{2, "kind", []string{"keys", "add", "acme", "--kind", "password"}},
	} {
		var said strings.Builder
		err := run(t.Context(), append(row.args, "--database", database), none, &said, &said)
		if exitCode(err) != row.code || !strings.Contains(said.String(), row.want) {
			t.Errorf("%v: %d %s", row.args, exitCode(err), &said)
		}
	}
}
