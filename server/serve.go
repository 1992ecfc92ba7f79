package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
)

// Serve accepts connections on listener until ctx is done, and then stops without losing a request:
//
//  1. For the drain time it goes on as before, but /readyz responds with 503 and every response closes
//     its connection, so that load balancers and clients turn to other servers.
//  2. It delays new requests until no client connects, for up to a second, and closes the listener. Closing
//     the listener resets the connections that wait to be accepted.
//  3. It responds to every request that it has read, within the grace period.
//
// It returns nil, or an error when requests were still running at the end of the grace period, which are
// cut off. The listener is closed in any case. A server can serve several listeners, one call of Serve
// per listener; all of them stop with the first.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:                      s.echo,
		TLSConfig:                    s.settings.tls,
		ReadHeaderTimeout:            s.settings.headerTimeout,
		ReadTimeout:                  s.settings.readTimeout,
		WriteTimeout:                 s.settings.writeTimeout,
		IdleTimeout:                  s.settings.idleTimeout,
		MaxHeaderBytes:               s.settings.maxHeader,
		DisableGeneralOptionsHandler: true,
		// What net/http logs is about broken connections.
		ErrorLog:  slog.NewLogLogger(s.settings.logger.Handler(), slog.LevelDebug),
		ConnState: s.connections.track,
	}
	limited := netutil.LimitListener(listener, s.settings.maxConns)
	var failure error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if s.settings.tls != nil {
			failure = server.ServeTLS(limited, "", "")
		} else {
			failure = server.Serve(limited)
		}
	}()
	select {
	case <-ended:
		return fmt.Errorf("server: serve: %w", failure)
	case <-ctx.Done():
		s.drain()
	case <-s.draining.Done():
	}
	if s.settings.drain > 0 {
		s.wait(s.settings.drain, func(open, added int) bool { return open == 0 && added == 0 })
		s.holding.Store(true)
		s.wait(holdTime, func(_, added int) bool { return added == 0 })
	}
	_ = limited.Close()
	s.release()
	<-ended // so that Shutdown does not close the listener again
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.settings.grace)
	defer cancel()
	s.connections.finish(grace)
	if err := server.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("server: requests were cut off: %w", err), server.Close())
	}
	return nil
}

// holdTime is how long Serve waits at most for a moment in which no client connects.
const holdTime = time.Second

// wait waits for limit, or until enough says so: it gets the number of open connections and of new
// ones since its last call.
func (s *Server) wait(limit time.Duration, enough func(open, added int) bool) {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for _, before := s.connections.count(); ; {
		select {
		case <-deadline.C:
			return
		case <-ticker.C:
			open, total := s.connections.count()
			if enough(open, total-before) {
				return
			}
			before = total
		}
	}
}

// Connections returns the number of open connections.
func (s *Server) Connections() int {
	open, _ := s.connections.count()
	return open
}
