package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Serve accepts connections on listener until ctx is done. Then it stops in three steps. First it goes
// on to listen and answers new requests with 503 and Retry-After, so that who sends them turns to
// another server: for the drain time, or until all connections are gone and none comes. Then it takes no
// new connections, and lets the requests that it has end within the grace period. Those that are still
// running after it are cut off, which is an error; otherwise Serve returns nil. The listener is closed
// in any case. A server can serve several listeners, each by a call of its own; it stops with the first
// of them.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:                      s.echo,
		ReadHeaderTimeout:            s.settings.headerTimeout,
		ReadTimeout:                  s.settings.readTimeout,
		WriteTimeout:                 s.settings.writeTimeout,
		IdleTimeout:                  s.settings.idleTimeout,
		MaxHeaderBytes:               s.settings.maxHeader,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     quietLog(s.settings.logger),
		ConnState:                    s.conns.track,
	}
	ended := make(chan error, 1)
	go func() {
		ended <- server.Serve(s.listen(listener))
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("server: serve: %w", err)
	case <-ctx.Done():
	}
	s.stopOnce.Do(func() {
		s.stopping.Store(true)
		close(s.hurry)
	})
	s.drain(listener)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.settings.grace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("server: stop: %w", err), server.Close())
	}
	return nil
}

// lull is for how long no connection is open or comes when nobody needs to be told any more, and how long
// those that are on their way may take.
const lull = 100 * time.Millisecond

// drain waits until clients have noticed that the server stops, and until nobody is on the way to it: a
// connection that is made in the moment in which the listener closes would be reset, and leave its client
// in doubt.
func (s *Server) drain(listener net.Listener) {
	if s.settings.drain <= 0 {
		return
	}
	deadline := time.NewTimer(s.settings.drain)
	defer deadline.Stop()
	tick := time.NewTicker(lull)
	defer tick.Stop()
	for came, over := s.conns.ever(), false; !over; {
		select {
		case <-deadline.C:
			over = true
		case <-tick.C:
			over = s.conns.count() == 0 && s.conns.ever() == came
			came = s.conns.ever()
		}
	}
	if turnAwayNew(listener) == nil {
		time.Sleep(lull) // in which those are accepted that were under way
	}
}

// Connections returns how many connections are open.
func (s *Server) Connections() int { return s.conns.count() }
