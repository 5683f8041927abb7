package doctor

import (
	"net"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/clickedge/clickedge/core/clean"
)

// isName reports whether s is a host name of at least two labels, in lower
// case.
func isName(s string) bool {
	if len(s) > 253 || !strings.Contains(s, ".") || net.ParseIP(s) != nil {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.Trim(label, labelBytes) != "" {
			return false
		}
	}
	return true
}

const labelBytes = "abcdefghijklmnopqrstuvwxyz0123456789-_"

// under reports whether name is domain or below it.
func under(name, domain string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// parents are the names above host, nearest first, down to the one that
// somebody registered.
func parents(host string) (list []string) {
	top, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return nil
	}
	for host != top {
		_, host, _ = strings.Cut(host, ".")
		list = append(list, host)
	}
	return list
}

// cut shortens a foreign text.
func cut(s string, n int) string { return clean.Cut(s, n) }

func quoted(s string) string { return clean.Quote(s, 160) }

func join(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
