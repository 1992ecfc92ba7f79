package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// certificateMaxAge is how long a certificate is served before its files are read again.
const certificateMaxAge = 10 * time.Second

// serveCertificate returns a TLS configuration with the certificate and the private key in two files. It
// reads the files again when a handshake finds them older than maxAge, so that a renewed certificate is
// served without a restart.
func serveCertificate(certFile, keyFile string, maxAge time.Duration, logger *slog.Logger) (*tls.Config, error) {
	certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("read the TLS certificate %s and its key %s: %w", certFile, keyFile, err)
	}
	readAt := time.Now()
	var lock sync.Mutex
	get := func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		lock.Lock()
		defer lock.Unlock()
		if time.Since(readAt) >= maxAge {
			readAt = time.Now()
			renewed, err := tls.LoadX509KeyPair(certFile, keyFile)
			if err == nil {
				certificate = renewed
			} else {
				logger.Error("cannot read the TLS certificate again; the previous one stays in use", "error", err)
			}
		}
		current := certificate
		return &current, nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: get}, nil
}
