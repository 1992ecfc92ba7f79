package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
)

// TestAccountLifecycle changes an account while two sandboxes serve its database. Each change takes effect
// in both within a second.
func TestAccountLifecycle(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + filepath.Join(t.TempDir(), "a b%?#.db")
	first := serveIn(t, vars("SANDBOX_DATABASE", database, "SANDBOX_ADDR", "127.0.0.1:9"), io.Discard, "--addr", "127.0.0.1:0")
	second := serveIn(t, none, io.Discard, "--addr", "127.0.0.1:0", "--database", database)

	account := parse[accountView](t, command(t, database, "accounts", "add", "acme", "--name", "Acme Ltd", "--currency", "eur", "-o", "json"))
	if account.ID != "acme" || account.Name != "Acme Ltd" || account.Currency != "EUR" || !account.Active || !account.ActivePlan || len(account.Keys) != 2 {
		t.Fatalf("added as %+v", account)
	}
	more := parse[keyView](t, command(t, database, "keys", "add", "acme", "-o", "json"))
	consumer := client.WithConsumerKey(account.Keys[0].ConsumerKey, account.Keys[0].ConsumerSecret)
	var customers []*client.Client
	for _, base := range []string{first.base, second.base} {
		for _, credentials := range []client.Option{consumer, client.WithAPIKey(account.Keys[1].APIKey), client.WithAPIKey(more.APIKey)} {
			c := customer(t, base, credentials)
			link, err := buy(c)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(command(t, database, "purchases", "list"), link[strings.LastIndexByte(link, '/')+1:]) {
				t.Errorf("the purchase %s is not listed", link)
			}
			customers = append(customers, c)
		}
	}
	line, _, _ := strings.Cut(command(t, database, "purchases", "list", "-o", "json"), "\n")
	if p := parse[purchaseView](t, line); p.Amount != 320 || p.Account != "acme" || p.Currency != "EUR" || p.Status != "pending" || time.Since(p.CreatedAt) > time.Minute {
		t.Errorf("listed as %+v", p)
	}
	rejects := func(step string, c *client.Client, rejected func(error) bool) {
		t.Helper()
		for began := time.Now(); ; {
			_, err := buy(c)
			switch took := time.Since(began); {
			case err != nil && !rejected(err):
				t.Fatal(err)
			case took > time.Second:
				t.Errorf("%s: no effect within %v", step, took)
				return
			case err != nil:
				return
			}
		}
	}
	invalid := func(err error) bool { return client.HasCode(err, model.InvalidAuthorizationKey) }
	inactive := func(err error) bool { return client.HasCode(err, model.AccountIsInactive) }
	noPlan := func(err error) bool { return client.HasCode(err, model.CanNotBuyExtraCreditWithoutActivePlan) }
	command(t, database, "keys", "revoke", more.ID)
	rejects("revoked, first sandbox", customers[2], invalid)
	rejects("revoked, second sandbox", customers[5], invalid)
	if output := command(t, database, "accounts", "disable", "acme"); output != "The account acme is inactive and has a plan.\n" {
		t.Error(output)
	}
	rejects("disabled, first sandbox", customers[0], inactive)
	rejects("disabled, second sandbox", customers[4], inactive)
	command(t, database, "accounts", "enable", "acme")
	if output := command(t, database, "accounts", "plan", "acme", "off"); output != "The account acme is active and has no plan.\n" {
		t.Error(output)
	}
	rejects("without a plan", customers[0], noPlan)
	command(t, database, "accounts", "plan", "acme", "on")
	if _, err := buy(customers[3]); err != nil {
		t.Error(err)
	}

	shown := parse[accountView](t, command(t, database, "accounts", "show", "acme", "-o", "json"))
	if !shown.Active || len(shown.Keys) != 2 || shown.Keys[0].APIKey+shown.Keys[1].APIKey+shown.Keys[0].ConsumerSecret+shown.Keys[1].ConsumerSecret != "" {
		t.Errorf("shown as %+v", shown)
	}
}

// TestAccountOutput checks the output and the errors of the commands for accounts and keys.
func TestAccountOutput(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + filepath.Join(t.TempDir(), "sandbox.db")
	if err := serveIn(t, none, io.Discard, "--addr", "127.0.0.1:0", "--database", database).stop(); err != nil {
		t.Fatal(err)
	}
	added := command(t, database, "accounts", "add", "acme")
	for _, want := range []string{"The account acme was added.", model.ConsumerKeyHeader + ":", model.ConsumerSecretHeader + ":", model.AuthorizationHeader + ":", "cannot be shown again"} {
		if !strings.Contains(added, want) {
			t.Errorf("without %q: %s", want, added)
		}
	}
	if output := command(t, database, "accounts", "add", "empty", "--inactive", "--no-plan", "--no-keys"); output != "The account empty was added.\n" {
		t.Error(output)
	}
	for _, row := range []struct {
		want string
		args []string
	}{
		{"ACCOUNT           NAME                         ACTIVE  PLAN  PAID\n", []string{"accounts", "list"}},
		{"acme              acme                         yes     yes   0 USD\nempty             empty                        no      no    0 USD\n", []string{"accounts", "list"}},
		{"active   yes\n", []string{"accounts", "show", "acme"}},
		{"consumer:ck_", []string{"accounts", "show", "acme"}},
		{"paid     0 USD\n", []string{"accounts", "show", "empty"}},
		{"acme              consumer key  20", []string{"keys", "list"}},
		{"acme     API key       20", []string{"keys", "list", "acme"}},
		{model.ConsumerSecretHeader + ":  cs_", []string{"keys", "add", "acme", "--kind", "consumer"}},
		{`{"id":"acme","name":"acme","currency":"USD","active":true,"active_plan":true,"paid":0}`, []string{"accounts", "list", "-o", "json"}},
		{`{"id":"acme","name":"acme","currency":"USD","active":false,"active_plan":true,"paid":0}`, []string{"accounts", "disable", "acme", "-o", "json"}},
		{`{"revoked":"consumer:sandbox-noplan-key"}`, []string{"keys", "revoke", "consumer:sandbox-noplan-key", "-o", "json"}},
		{"The key consumer:sandbox-active-key was revoked.\n", []string{"keys", "revoke", "consumer:sandbox-active-key"}},
	} {
		if output := command(t, database, row.args...); !strings.Contains(output, row.want) {
			t.Errorf("%v: without %q:\n%s", row.args, row.want, output)
		}
	}
	for _, row := range []struct {
		want string
		args []string
	}{
		{`the account "acme" already exists`, []string{"accounts", "add", "acme"}},
		{"ISO 4217", []string{"accounts", "add", "x", "--currency", "dollars"}},
		{`\x1b[2J`, []string{"accounts", "add", "x\x1b[2J"}},
		{`the account "other" does not exist`, []string{"accounts", "show", "other"}},
		{`the account "other" does not exist`, []string{"accounts", "enable", "other"}},
		{`the account "other" does not exist`, []string{"keys", "add", "other"}},
		{`the account "other" does not exist`, []string{"keys", "list", "other"}},
		{`the key "other" does not exist`, []string{"keys", "revoke", "other"}},
	} {
		var output strings.Builder
		err := run(t.Context(), append(row.args, "--database", database), none, &output, &output)
		if exitCode(err) != 1 || !strings.Contains(output.String(), row.want) {
			t.Errorf("%v: %d %s", row.args, exitCode(err), &output)
		}
	}
}
