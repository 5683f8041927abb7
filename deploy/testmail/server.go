package testmail

import (
	"errors"
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
)

// PasswordEnv holds the password for the mail server.
const PasswordEnv = "CLICKEDGE_SMTP_PASSWORD"

// server reads what --smtp and its like say.
func (o *Order) server() (Server, error) {
	if o.SMTP == "" {
		if o.User != "" || o.PasswordFile != "" || o.Plain {
			return Server{}, failure.Usage(errors.New("--smtp-user, --smtp-password-file and --insecure-smtp are of use with --smtp only"), "")
		}
		return Server{}, nil
	}
	s, err := ParseServer(o.SMTP)
	if err != nil {
		return s, failure.Usage(fmt.Errorf("--smtp: %w", err), "as in --smtp smtp.example.com:587")
	}
	if s.Roots, err = o.In.Authorities(o.CA); err != nil {
		return s, err
	}
	s.User, s.Plain = o.User, o.Plain
	if s.User != "" {
		s.Password, err = o.password()
	}
	return s, err
}

func (o *Order) password() (string, error) {
	if o.PasswordFile == "" {
		password, _ := o.LookupEnv(PasswordEnv)
		if password == "" {
			return "", failure.Usage(errors.New("no password for the mail server"), "set "+PasswordEnv+", or give --smtp-password-file FILE")
		}
		return password, nil
	}
	text, err := o.In.ReadText("the password file", o.PasswordFile, input.MostSecret, "")
	if err != nil {
		return "", err
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" || strings.ContainsAny(password, "\r\n\x00") {
		return "", failure.Usage(fmt.Errorf("%q is not a password alone", o.PasswordFile), "one line, and nothing else")
	}
	return password, nil
}
