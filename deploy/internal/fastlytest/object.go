package fastlytest

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// object is a part of a version: a backend, a domain, a log endpoint.
type object map[string]any

// kind is what a version has many of.
type kind struct {
	required []string
	// fields are those that are known, with what they are when a request does
	// not say: an int, a bool, a string, or nil for a text that may be null.
	fields object
	check  func(object) string
}

// kinds by the part of the path behind the version. A field that is not listed
// is kept as the text that came.
var kinds = map[string]kind{
	"backend": {required: []string{"name", "address"}, fields: object{
		"port": 80, "connect_timeout": 1000, "first_byte_timeout": 15000, "between_bytes_timeout": 10000, "max_conn": 200, "weight": 100, "error_threshold": 0,
		"use_ssl": false, "ssl_check_cert": true, "auto_loadbalance": false, "prefer_ipv6": false,
		"override_host": nil, "ssl_sni_hostname": nil, "ssl_cert_hostname": nil, "ssl_hostname": nil, "ssl_ca_cert": nil, "ssl_ciphers": nil, "ssl_client_cert": nil,
		"ssl_client_key": nil, "min_tls_version": nil, "max_tls_version": nil, "healthcheck": nil, "shield": nil, "share_key": nil, "keepalive_time": nil,
		"request_condition": "", "comment": "", "hostname": "",
	}, check: checkBackend},
	"domain":      {required: []string{"name"}, fields: object{"comment": ""}},
	"resource":    {required: []string{"resource_id"}, fields: object{"resource_type": "", "href": nil}},
	"healthcheck": {required: []string{"name"}, fields: object{}},
	"dictionary":  {required: []string{"name"}, fields: object{"write_only": false}},

	"logging/https": {required: []string{"name", "url"}, fields: logFields(object{
		"content_type": nil, "header_name": nil, "header_value": nil, "json_format": "0", "message_type": "classic", "method": "POST", "period": 5,
		"request_max_bytes": 0, "request_max_entries": 0, "tls_ca_cert": nil, "tls_client_cert": nil, "tls_client_key": nil, "tls_hostname": nil,
		"compression_codec": nil, "gzip_level": 0})},
	"logging/s3": {required: []string{"name", "bucket_name"}, fields: logFields(object{
		"access_key": nil, "secret_key": nil, "iam_role": nil, "domain": "s3.amazonaws.com", "path": nil, "period": 3600, "gzip_level": 0, "redundancy": "standard",
		"message_type": "classic", "compression_codec": nil, "public_key": nil, "acl": nil, "server_side_encryption": nil, "server_side_encryption_kms_key_id": nil,
		"timestamp_format": "%Y-%m-%dT%H:%M:%S.000", "file_max_bytes": 0}), check: checkS3},
	"logging/gcs": {required: []string{"name", "bucket_name"}, fields: logFields(object{
		"user": nil, "secret_key": nil, "account_name": nil, "project_id": nil, "path": nil, "period": 3600, "gzip_level": 0, "message_type": "classic",
		"compression_codec": nil, "timestamp_format": "%Y-%m-%dT%H:%M:%S.000"})},
	"logging/bigquery": {required: []string{"name", "project_id", "dataset", "table"}, fields: logFields(object{
		"user": nil, "secret_key": nil, "account_name": nil, "template_suffix": nil})},
	"logging/kafka": {required: []string{"name", "brokers", "topic"}, fields: logFields(object{
		"auth_method": nil, "user": nil, "password": nil, "required_acks": "1", "compression_codec": nil, "use_tls": "0", "tls_hostname": nil,
		"tls_ca_cert": nil, "tls_client_cert": nil, "tls_client_key": nil, "parse_log_keyvals": false, "request_max_bytes": 0})},
}

func logFields(more object) object {
	o := object{"format": "%h %l %u %t \"%r\" %>s %b", "format_version": "2", "placement": nil, "response_condition": "", "processing_region": "none"}
	maps.Copy(o, more)
	return o
}

func checkBackend(o object) string {
	if port := o["port"].(int); port < 1 || port > 65535 {
		return fmt.Sprintf("port %d is not between 1 and 65535", port)
	}
	return ""
}

func checkS3(o object) string {
	if o["iam_role"] != nil && (o["access_key"] != nil || o["secret_key"] != nil) {
		return "'iam_role' can't be used when 'access_key' or 'secret_key' is"
	}
	return ""
}

// logKinds are further kinds of log endpoints. They are usually empty, but
// exist because clients list them all.
var logKinds = strings.Fields(`azureblob cloudfiles datadog digitalocean elasticsearch ftp grafanacloudlogs heroku honeycomb
	kinesis logentries loggly logshuttle newrelic newrelicotlp openstack papertrail pubsub scalyr sftp splunk sumologic syslog`)

func (a *API) routeObjects() {
	for _, name := range logKinds {
		a.routeKind("logging/"+name, kind{required: []string{"name"}, fields: logFields(object{})})
	}
	for name, k := range kinds {
		a.routeKind(name, k)
	}
	for _, name := range []string{"acl", "condition", "snippet", "vcl", "header", "gzip", "cache_settings", "request_settings", "response_object", "director", "wordpress"} {
		a.handle("GET /service/{service}/version/{version}/"+name, a.inVersion(func(c *call, _ *service, _ *version) { c.answer([]any{}) }))
	}
	a.handle("GET /service/{service}/version/{version}/settings", a.inVersion(func(c *call, s *service, v *version) {
		c.answer(map[string]any{"general.default_ttl": 3600, "general.default_host": "", "service_id": s.id, "version": v.number})
	}))
}

func (a *API) routeKind(name string, k kind) {
	all := "/service/{service}/version/{version}/" + name
	a.handle("GET "+all, a.inVersion(func(c *call, s *service, v *version) { c.answer(s.list(v, name)) }))
	a.handle("POST "+all, a.editVersion(func(c *call, s *service, v *version) { a.createObject(c, s, v, name, k) }))
	a.handle("GET "+all+"/{name}", a.inVersion(a.inObject(name, func(c *call, s *service, v *version, i int) {
		c.answer(s.whole(v, v.objects[name][i]))
	})))
	a.handle("PUT "+all+"/{name}", a.editVersion(a.inObject(name, func(c *call, s *service, v *version, i int) {
		o := maps.Clone(v.objects[name][i])
		if msg := k.fill(o, c.form()); msg != "" {
			c.refuse(400, "Bad request", msg)
			return
		}
		v.objects[name][i] = o
		c.answer(s.whole(v, o))
	})))
	a.handle("DELETE "+all+"/{name}", a.editVersion(a.inObject(name, func(c *call, s *service, v *version, i int) {
		v.objects[name] = slices.Delete(v.objects[name], i, i+1)
		c.answer(map[string]string{"status": "ok"})
	})))
}

func (a *API) createObject(c *call, s *service, v *version, name string, k kind) {
	form := c.form()
	for _, field := range k.required {
		if form.Get(field) == "" {
			c.refuse(400, "Bad request", fmt.Sprintf("%s: '%s' is required", name, field))
			return
		}
	}
	o := maps.Clone(k.fields)
	msg := k.fill(o, form)
	if name == "resource" && msg == "" {
		msg = a.fillLink(o)
	}
	if msg != "" {
		c.refuse(400, "Bad request", msg)
		return
	}
	if slices.ContainsFunc(v.objects[name], func(other object) bool { return other["name"] == o["name"] }) {
		c.refuse(409, "Duplicate record", fmt.Sprintf("Duplicate %s: '%s'", strings.ReplaceAll(name, "/", "_"), o["name"]))
		return
	}
	v.objects[name] = append(v.objects[name], o)
	c.answer(s.whole(v, o))
}

// fillLink completes a resource link: its id, and what it links to.
func (a *API) fillLink(o object) string {
	id, _ := o["resource_id"].(string)
	switch {
	case of(a.secretStores, id) != nil:
		o["resource_type"] = "secret-store"
	case of(a.configStores, id) != nil:
		o["resource_type"] = "config"
	case of(a.kvStores, id) != nil:
		o["resource_type"] = "kv-store"
	default:
		return fmt.Sprintf("no resource '%v'", id)
	}
	o["id"] = a.id("link")
	return ""
}

// linked reports whether an active version has a link to a store. The Terraform
// provider's documentation says that the link must be deleted first; the
// wording of the refusal is not known.
func (a *API) linked(store string) bool {
	for _, s := range a.services {
		v := s.active()
		if v != nil && slices.ContainsFunc(v.objects["resource"], func(o object) bool { return o["resource_id"] == store }) {
			return true
		}
	}
	return false
}

// fill puts a form's fields into an object, each as the type that it has.
func (k kind) fill(o object, form url.Values) string {
	for field, values := range form {
		value := values[len(values)-1]
		switch k.fields[field].(type) {
		case int:
			n, err := strconv.Atoi(value)
			if err != nil {
				return fmt.Sprintf("'%s' is not a number: '%s'", field, value)
			}
			o[field] = n
		case bool:
			o[field] = value == "1" || value == "true"
		default:
			o[field] = value
			if known, there := k.fields[field]; there && known == nil && value == "" {
				o[field] = nil
			}
		}
	}
	if k.check != nil {
		return k.check(o)
	}
	return ""
}

// list returns a version's objects of a kind as the API shows them.
func (s *service) list(v *version, name string) []any {
	return each(v.objects[name], func(o object) any { return s.whole(v, o) })
}

func (s *service) whole(v *version, o object) object {
	w := maps.Clone(o)
	w["service_id"], w["version"] = s.id, v.number
	w["created_at"], w["updated_at"], w["deleted_at"] = created, created, nil
	return w
}

// inObject finds the object that the path names: a resource link by its id, any
// other by name.
func (a *API) inObject(kind string, do func(*call, *service, *version, int)) func(*call, *service, *version) {
	key := "name"
	if kind == "resource" {
		key = "id"
	}
	return func(c *call, s *service, v *version) {
		name := c.r.PathValue("name")
		i := slices.IndexFunc(v.objects[kind], func(o object) bool { return o[key] == name })
		if i < 0 {
			c.notFound(fmt.Sprintf("%s '%s'", kind, name))
			return
		}
		do(c, s, v, i)
	}
}
