package main

import (
	"net"
	"net/netip"
	"strings"

	"github.com/turbosmtp-go/billing/server/internal/store"
)

// access describes from where a sandbox can be reached, and what is enabled there.
type access struct {
	local        bool   // only this machine can connect
	demoAccounts bool   // the demo accounts are enabled
	unencrypted  bool   // credentials travel over a network without TLS
	publicURL    string // without a slash at the end
}

// access derives the access from the flags and the address of the listener.
func (s *serve) access(addr net.Addr) access {
	host, port, _ := net.SplitHostPort(addr.String())
	ip, _ := netip.ParseAddr(host)
	a := access{local: ip.IsLoopback(), publicURL: strings.TrimRight(s.PublicURL, "/")}
	// A database server may be shared with others, who would get the demo accounts as well.
	a.demoAccounts = s.DemoAccounts || a.local && store.Embedded(s.Database)
	if a.publicURL == "" {
		scheme := "http://"
		if s.TLSCert != "" {
			scheme = "https://"
		}
		a.publicURL = scheme + dialable(host, port)
	}
	a.unencrypted = !a.local && s.TLSCert == "" && !strings.HasPrefix(a.publicURL, "https://")
	return a
}

// dialable returns the address at which this machine reaches a listener: an unspecified host, such as
// 0.0.0.0, becomes 127.0.0.1.
func dialable(host, port string) string {
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
