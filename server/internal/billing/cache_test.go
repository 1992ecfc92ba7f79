package billing_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

var activeKey = billing.APIKey("sandbox-active-token")

func TestBusyAccountIsSeldomRead(t *testing.T) {
	t.Parallel()
	service, store := newService(t)
	store.calls = map[string]int{}
	synctest.Test(t, func(t *testing.T) {
		for range 1000 { // a second
			if account, err := service.Authenticate(context.Background(), activeKey); err != nil || account.ID != "sandbox-active" {
				t.Fatalf("Authenticate = %v, %v", account, err)
			}
			time.Sleep(time.Millisecond)
		}
	})
	if n := store.calls["Key"]; n != 3 {
		t.Errorf("the store was read %d times, want 3", n)
	}
}

func TestOneRequestRefreshesTheCache(t *testing.T) {
	t.Parallel()
	service, store := newService(t)
	synctest.Test(t, func(t *testing.T) {
		_, _ = service.Authenticate(context.Background(), activeKey)
		store.calls = map[string]int{}
		time.Sleep(500 * time.Millisecond)
		store.delay = 100 * time.Millisecond
		var group sync.WaitGroup
		for range 64 {
			group.Go(func() {
				if _, err := service.Authenticate(context.Background(), activeKey); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	})
	if n := store.calls["Key"]; n != 1 {
		t.Errorf("the store was read %d times, want 1", n)
	}
}

// TestChangesOfOtherProcesses changes the store without the service.
func TestChangesOfOtherProcesses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(store billing.Store) error
		want   error
	}{
		"revoked": {func(store billing.Store) error {
			return store.DeleteKey(context.Background(), activeKey.Key("").ID)
		}, billing.ErrInvalidCredentials},
		"disabled": {func(store billing.Store) error {
			no := false
			_, err := store.UpdateAccount(context.Background(), "sandbox-active", billing.AccountChange{Active: &no})
			return err
		}, billing.ErrAccountInactive},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service, store := newService(t)
			synctest.Test(t, func(t *testing.T) {
				ctx := context.Background()
				_, _ = service.Authenticate(ctx, activeKey)
				if err := test.change(store.Store); err != nil {
					t.Fatal(err)
				}
				for range 50 { // requests without a pause
					_, _ = service.Authenticate(ctx, activeKey)
					time.Sleep(16 * time.Millisecond)
				}
				if _, err := service.Authenticate(ctx, activeKey); !errors.Is(err, test.want) {
					t.Errorf("after 0.8 s, Authenticate = %v, want %v", err, test.want)
				}
			})
		})
	}
}

// TestRefusedCredentialsLeaveTheCache authenticates again after the request that refreshes the cache.
func TestRefusedCredentialsLeaveTheCache(t *testing.T) {
	t.Parallel()
	service, store := newService(t)
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		_, _ = service.Authenticate(ctx, activeKey)
		if err := store.DeleteKey(ctx, activeKey.Key("").ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
		for range 2 {
			if _, err := service.Authenticate(ctx, activeKey); !errors.Is(err, billing.ErrInvalidCredentials) {
				t.Errorf("Authenticate = %v, want ErrInvalidCredentials", err)
			}
		}
	})
}

// TestCacheEndsWhileTheStoreFails uses cached credentials until their lifetime ends.
func TestCacheEndsWhileTheStoreFails(t *testing.T) {
	t.Parallel()
	service, store := newService(t)
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		_, _ = service.Authenticate(ctx, activeKey)
		store.fail = errBroken
		time.Sleep(500 * time.Millisecond)
		if _, err := service.Authenticate(ctx, activeKey); !errors.Is(err, billing.ErrUnavailable) {
			t.Errorf("the request that reads the store: %v, want ErrUnavailable", err)
		}
		if _, err := service.Authenticate(ctx, activeKey); err != nil {
			t.Errorf("a request that uses the cache: %v", err)
		}
		time.Sleep(300 * time.Millisecond)
		if _, err := service.Authenticate(ctx, activeKey); !errors.Is(err, billing.ErrUnavailable) {
			t.Errorf("after 0.8 s: %v, want ErrUnavailable", err)
		}
	})
}

func TestChangesOfTheServiceApplyAtOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	service, _ := newService(t)
	wants := func(step string, want error) {
		t.Helper()
		if _, err := service.Authenticate(ctx, activeKey); !errors.Is(err, want) {
			t.Errorf("%s: Authenticate = %v, want %v", step, err, want)
		}
	}
	wants("first", nil)
	if _, err := service.SetActive(ctx, "sandbox-active", false); err != nil {
		t.Fatal(err)
	}
	wants("disabled", billing.ErrAccountInactive)
	if err := service.Seed(ctx, billing.DemoAccounts()); err != nil {
		t.Fatal(err)
	}
	wants("seeded", nil)
	if err := service.RevokeKey(ctx, activeKey.Key("").ID); err != nil {
		t.Fatal(err)
	}
	wants("revoked", billing.ErrInvalidCredentials)
}

func TestWrongSecretIsNotCached(t *testing.T) {
	t.Parallel()
	service, _ := newService(t)
	right, wrong := billing.ConsumerKey("sandbox-active-key", "sandbox-active-secret"), billing.ConsumerKey("sandbox-active-key", "wrong")
	for range 3 {
		if _, err := service.Authenticate(context.Background(), right); err != nil {
			t.Error(err)
		}
		if _, err := service.Authenticate(context.Background(), wrong); !errors.Is(err, billing.ErrInvalidCredentials) {
			t.Errorf("a wrong secret: %v", err)
		}
	}
}

func TestWithoutFreshnessEachRequestReadsTheStore(t *testing.T) {
	t.Parallel()
	service, store := newService(t, billing.WithFreshness(0))
	store.calls = map[string]int{}
	for range 5 {
		_, _ = service.Authenticate(context.Background(), activeKey)
	}
	if n := store.calls["Key"]; n != 5 {
		t.Errorf("the store was read %d times, want 5", n)
	}
}

func TestMaxWaiting(t *testing.T) {
	t.Parallel()
	inner, store := newService(t)
	account := activeAccount(t, inner)
	blocked := &blockingStore{Store: store}
	service, err := billing.New(blocked, billing.WithMaxWaiting(2))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		blocked.release = make(chan struct{})
		results := make(chan error, 5)
		for range 5 {
			go func() {
				_, err := service.Buy(context.Background(), account, 320)
				results <- err
			}()
		}
		synctest.Wait()
		for range 3 {
			if err := <-results; !errors.Is(err, billing.ErrUnavailable) {
				t.Errorf("a third concurrent call: %v, want ErrUnavailable", err)
			}
		}
		close(blocked.release)
		for range 2 {
			if err := <-results; err != nil {
				t.Errorf("a call within the limit: %v", err)
			}
		}
		if _, err := service.Buy(context.Background(), account, 320); err != nil {
			t.Errorf("a call after the others: %v", err)
		}
	})
}

// blockingStore blocks purchases until release is closed.
type blockingStore struct {
	billing.Store
	release chan struct{}
}

func (s *blockingStore) CreatePurchase(context.Context, billing.Purchase) error {
	<-s.release
	return nil
}
