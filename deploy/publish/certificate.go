package publish

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/clickedge/clickedge/deploy/fastlyapi"
)

// pollTime is the pause between two queries of the certificates.
const pollTime = 15 * time.Second

// Status is the state of a host's certificate, and the DNS records that it
// needs.
type Status struct {
	Host        string
	Certificate Certificate // its ID is "" where none is ordered
}

// Certificates returns the state of the hosts' certificates.
func Certificates(ctx context.Context, c *fastlyapi.Client, hosts []string) ([]Status, error) {
	all, err := certificates(ctx, c.Fastly())
	if err != nil {
		return nil, err
	}
	f := &Found{certificates: all}
	var list []Status
	for _, host := range hosts {
		list = append(list, Status{host, f.certificate(host)})
	}
	return list, nil
}

// WaitTLS waits until each host has its certificate, the authority has refused
// one, or the time most is over. It calls say with every change.
func WaitTLS(ctx context.Context, c *fastlyapi.Client, hosts []string, most time.Duration, say func(string)) error {
	last := "nothing said yet"
	for waited := time.Duration(0); ; waited += pollTime {
		list, err := Certificates(ctx, c, hosts)
		if err != nil {
			return err
		}
		open, failed := pending(list)
		if now := strings.Join(open, ", "); now != last {
			say(progress(len(list)-len(open)-len(failed), len(list), open))
			last = now
		}
		switch {
		case len(failed) > 0:
			return refuse("no certificate could be issued for "+strings.Join(failed, ", "), "is the record of the proof set, and does no CAA record forbid the authority?")
		case len(open) == 0:
			return nil
		case waited+pollTime > most:
			return refuse(fmt.Sprintf("after %s there is no certificate yet for %s", most, strings.Join(open, ", ")), "the records of the proof must be set; the same command again waits on")
		}
		if err := c.Pause(ctx, pollTime); err != nil {
			return err
		}
	}
}

func pending(list []Status) (open, failed []string) {
	for _, s := range list {
		switch {
		case s.Certificate.Issued():
		case s.Certificate.State == "failed":
			failed = append(failed, s.Host)
		default:
			open = append(open, s.Host)
		}
	}
	return open, failed
}

func progress(have, all int, open []string) string {
	text := fmt.Sprintf("certificates: %d of %d issued", have, all)
	if len(open) > 0 {
		text += "; waiting for " + strings.Join(open, ", ")
	}
	return text
}
