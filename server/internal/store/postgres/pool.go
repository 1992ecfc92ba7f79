package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Settings of a pool that the URL can change, as documented at Open.
const (
	maxConns        = 16
	connectTimeout  = 5 * time.Second
	applicationName = "sandbox"
)

const (
	// openTimeLimit is how long Open waits for a server that does not accept connections yet.
	openTimeLimit = 10 * time.Second
	// openPause is the time between two attempts of Open to connect.
	openPause = 100 * time.Millisecond
)

// poolConfig returns the settings of a pool.
func poolConfig(url string) (*pgxpool.Config, error) {
	given, err := pgx.ParseConfig(url) // pgxpool does not report whether the URL contains pool_max_conns
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if _, ok := given.RuntimeParams["pool_max_conns"]; !ok {
		config.MaxConns = maxConns
	}
	if config.ConnConfig.ConnectTimeout <= 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = applicationName
	}
	config.AfterConnect = makeSafe
	// A statement sent on a connection that the server has closed fails with an unknown result. The ping prevents
	// this for a round trip per call.
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return true }
	return config, nil
}

// makeSafe sets what a Store relies on, whatever the settings of the server: COMMIT returns after the flush to disk,
// and a statement sees everything that was committed before it began.
func makeSafe(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `
		SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
		SELECT set_config('default_transaction_isolation', 'read committed', false)`)
	return err
}

// await returns once ping succeeds. It fails after the time limit, and at once if the server refuses the connection.
func await(ctx context.Context, limit time.Duration, ping func(ctx context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var last error
	for {
		err := ping(limited)
		if err == nil || isRefusal(err) {
			return err
		}
		if last == nil || limited.Err() == nil {
			last = err // an error after the time limit has no other reason than the time limit
		}
		select {
		case <-time.After(openPause):
		case <-limited.Done():
			return fmt.Errorf("no connection to the server within %v: %w: %w", limit, limited.Err(), last)
		}
	}
}
