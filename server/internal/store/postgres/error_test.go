package postgres

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

func TestTransientErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"the disk is full":       {serverError("ERROR", "53100"), true},
		"memory is short":        {serverError("ERROR", "53200"), true},
		"the server is starting": {serverError("ERROR", "57P03"), true},
		"a lock is held":         {serverError("ERROR", "55P03"), true},
		"not serializable":       {serverError("ERROR", "40001"), true},
		"a deadlock":             {serverError("ERROR", "40P01"), true},
		"cancelled":              {serverError("ERROR", "57014"), true},
		"read only":              {serverError("ERROR", "25006"), true},
		"a shutdown":             {serverError("FATAL", "57P01"), false},
		"a crash":                {serverError("FATAL", "57P02"), false},
		"full and fatal":         {serverError("PANIC", "53100"), false},
		"a constraint":           {serverError("ERROR", "23505"), false},
		"no table":               {serverError("ERROR", "42P01"), false},
		"broken":                 {io.ErrUnexpectedEOF, false},
	} {
		if err := writeError(test.err); errors.Is(err, billing.ErrUnavailable) != test.want || !errors.Is(err, test.err) {
			t.Errorf("%s: writeError = %v", name, err)
		}
	}
	if err := writeError(nil); err != nil {
		t.Errorf("writeError(nil) = %v", err)
	}
}

func serverError(severity, code string) error {
	return &pgconn.PgError{Severity: "in another language", SeverityUnlocalized: severity, Code: code}
}

// TestRefusedPurchaseInBatch stores one invalid purchase in a batch with valid ones.
func TestRefusedPurchaseInBatch(t *testing.T) {
	t.Parallel()
	store := mustOpen(t, newDatabase(t))
	mustFill(t, store, "taken")
	invalid := map[string]func(*billing.Purchase){
		"taken":     func(p *billing.Purchase) { p.Token = "taken" },
		"account":   func(p *billing.Purchase) { p.AccountID = "unknown" },
		"amount":    func(p *billing.Purchase) { p.Amount = -1 },
		"NUL":       func(p *billing.Purchase) { p.Token = "a\x00b" },
		"not UTF-8": func(p *billing.Purchase) { p.Token = "a\xff" },
		"long ago":  func(p *billing.Purchase) { p.CreatedAt = time.Date(-10_000, 1, 1, 0, 0, 0, 0, time.UTC) },
	}
	want := map[string]error{"taken": billing.ErrTokenTaken, "account": billing.ErrUnknownAccount}
	for name, change := range invalid {
		refused := purchase("invalid " + name)
		change(&refused)
		errs, err := store.createPurchases(t.Context(), []billing.Purchase{purchase("before " + name), refused, purchase("after " + name)})
		if err != nil || len(errs) != 3 || errs[0] != nil || errs[1] == nil || errs[2] != nil {
			t.Errorf("%s: %v, %v", name, errs, err)
			continue
		}
		if want[name] != nil && !errors.Is(errs[1], want[name]) || errors.Is(errs[1], billing.ErrUnavailable) {
			t.Errorf("%s: %v", name, errs[1])
		}
		for _, token := range []string{"before " + name, "after " + name} {
			if _, err := store.Purchase(t.Context(), token); err != nil {
				t.Errorf("%s: a valid purchase of the batch: %v", name, err)
			}
		}
		if err := store.CreatePurchase(t.Context(), refused); err == nil || want[name] != nil && !errors.Is(err, want[name]) {
			t.Errorf("%s alone: %v", name, err)
		}
	}
}

func TestUnstorableTextIsNotFound(t *testing.T) {
	t.Parallel()
	store := mustOpen(t, newDatabase(t))
	mustFill(t, store, "t")
	ctx := t.Context()
	for _, id := range []string{"acme\x00", "\x00", "acme\xff", "t\x00"} {
		errs := map[string]error{"DeleteKey": store.DeleteKey(ctx, id)}
		_, errs["Balance"] = store.Balance(ctx, id)
		_, _, errs["Key"] = store.Key(ctx, id)
		_, errs["Purchase"] = store.Purchase(ctx, id)
		_, errs["Settle"] = store.Settle(ctx, id, billing.StatusPaid, noon)
		_, errs["UpdateAccount"] = store.UpdateAccount(ctx, id, billing.AccountChange{})
		for name, err := range errs {
			if !errors.Is(err, billing.ErrNotFound) {
				t.Errorf("%s(%q) = %v, want ErrNotFound", name, id, err)
			}
		}
		if keys, err := store.Keys(ctx, id); err != nil || len(keys) != 0 {
			t.Errorf("Keys(%q) = %v, %v", id, keys, err)
		}
		if purchases, err := store.Purchases(ctx, billing.Page{Filter: billing.Filter{AccountID: id}, Limit: 1}); err != nil || len(purchases) != 0 {
			t.Errorf("Purchases(%q) = %v, %v", id, purchases, err)
		}
	}
}

func TestReadOnlyServerIsUnavailable(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	mustFill(t, mustOpen(t, database), "t0")
	store := mustOpen(t, database+"&default_transaction_read_only=on")
	for name, err := range callAll(t.Context(), store) {
		writes := name == "CreatePurchase" || name == "Settle" || name == "Reset"
		if errors.Is(err, billing.ErrUnavailable) != writes || !writes && err != nil {
			t.Errorf("%s = %v", name, err)
		}
	}
}

// TestHeldLock waits for a lock until the context ends, or until the time limit of the server, which stores nothing.
func TestHeldLock(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	store := mustOpen(t, database)
	mustFill(t, store, "t0")
	holder := connect(t, database)
	if _, err := holder.Exec(t.Context(), "BEGIN; LOCK TABLE purchases"); err != nil {
		t.Fatal(err)
	}
	limited := mustOpen(t, database+"&statement_timeout=100")
	if _, err := limited.Settle(t.Context(), "t0", billing.StatusPaid, noon); !errors.Is(err, billing.ErrUnavailable) {
		t.Errorf("Settle after the time limit of the server = %v, want ErrUnavailable", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := store.Settle(ctx, "t0", billing.StatusPaid, noon); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, billing.ErrUnavailable) {
		t.Errorf("Settle after the end of its context = %v, want context.DeadlineExceeded alone", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := store.Reset(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, billing.ErrUnavailable) {
		t.Errorf("Reset after the end of its context = %v, want ErrUnavailable too", err)
	}
	if _, err := holder.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Settle(t.Context(), "t0", billing.StatusPaid, noon); err != nil && !errors.Is(err, billing.ErrSettled) {
		t.Errorf("Settle after the lock = %v, %v", got, err)
	}
}
