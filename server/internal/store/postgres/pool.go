package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// maxConns is how many connections there are, unless the URL says otherwise.
	maxConns = 16
	// connectTimeout is how long one may take to be made, unless the URL says otherwise.
	connectTimeout = 5 * time.Second
	// applicationName is what the server calls the program, unless the URL says otherwise.
	applicationName = "sandbox"
	// openPatience is how long Open waits for a server that does not take connections yet.
	openPatience = 10 * time.Second
	// idleUnasked is how long a connection may have been idle to be used without asking whether it lives.
	idleUnasked = time.Second
)

// poolConfig returns the settings of a pool.
func poolConfig(url string) (*pgxpool.Config, error) {
	given, err := pgx.ParseConfig(url) // as pgxpool does not tell which of its settings were given
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if _, said := given.RuntimeParams["pool_max_conns"]; !said {
		config.MaxConns = maxConns
	}
	if config.ConnConfig.ConnectTimeout <= 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = applicationName
	}
	config.AfterConnect = makeSafe
	config.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool {
		return p.IdleDuration > idleUnasked || !quiet(p.Conn.PgConn().Conn())
	}
	return config, nil
}

// makeSafe gives a connection the settings that a Store relies on, whatever those of the server are:
// a COMMIT that is answered is on the disk, and a statement sees what was committed before it began.
func makeSafe(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `
		SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
		SELECT set_config('default_transaction_isolation', 'read committed', false)`)
	return err
}

// await returns once a server answers. It fails when the server does not within its patience, and at once
// when the server answers that it does not let us in.
func await(ctx context.Context, patience time.Duration, ping func(ctx context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last error
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := ping(limited)
		if err == nil || refused(err) {
			return err
		}
		if last == nil || limited.Err() == nil {
			last = err // and not that the time is over, which is no reason
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-limited.Done():
			timer.Stop()
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), last)
		}
		if limited.Err() != nil {
			return fmt.Errorf("the server did not answer within %v: %w", patience, last)
		}
	}
}

// refused reports whether the server has answered, and not because it is starting, ending or overrun.
func refused(err error) bool {
	var answer *pgconn.PgError
	if !errors.As(err, &answer) {
		return false
	}
	switch class(err) {
	case "08", "53", "57":
		return false
	}
	return true
}
