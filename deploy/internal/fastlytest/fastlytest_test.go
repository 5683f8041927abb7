package fastlytest_test

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/fastly/go-fastly/v16/fastly"
	"github.com/fastly/go-fastly/v16/fastly/domainmanagement/v1/domains"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
	"github.com/clickedge/clickedge/deploy/pack"
)

// rig is a stand-in and Fastly's own client for it.
func rig(t *testing.T) (*fastlytest.API, *fastly.Client) {
	api := fastlytest.New("token")
	srv := httptest.NewServer(api)
	t.Cleanup(srv.Close)
	client, err := fastly.NewClientForEndpoint("token", srv.URL)
	require.NoError(t, err)
	return api, client
}

// service makes a service with one active version and returns its id.
func service(t *testing.T, client *fastly.Client) string {
	ctx := t.Context()
	s, err := client.CreateService(ctx, &fastly.CreateServiceInput{Name: fastly.ToPointer("links"), Type: fastly.ToPointer("wasm")})
	require.NoError(t, err)
	id := *s.ServiceID
	data, err := pack.Archive("clickedge", []byte("\x00asm\x01\x00\x00\x00"), pack.Manifest)
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), "p.tar.gz")
	require.NoError(t, os.WriteFile(name, data, 0o600))
	_, err = client.UpdatePackage(ctx, &fastly.UpdatePackageInput{ServiceID: id, ServiceVersion: 1, PackagePath: &name})
	require.NoError(t, err)
	_, err = client.ActivateVersion(ctx, &fastly.ActivateVersionInput{ServiceID: id, ServiceVersion: 1})
	require.NoError(t, err)
	return id
}

func status(t *testing.T, err error) int {
	var e *fastly.HTTPError
	require.ErrorAs(t, err, &e)
	return e.StatusCode
}

func TestAVersionThatIsActiveIsLocked(t *testing.T) {
	_, client := rig(t)
	id := service(t, client)
	ctx := t.Context()
	in := &fastly.CreateBackendInput{ServiceID: id, ServiceVersion: 1, Name: fastly.ToPointer("esp"), Address: fastly.ToPointer("sendgrid.net")}
	_, err := client.CreateBackend(ctx, in)
	require.Equal(t, 422, status(t, err))

	v, err := client.CloneVersion(ctx, &fastly.CloneVersionInput{ServiceID: id, ServiceVersion: 1})
	require.NoError(t, err)
	require.Equal(t, 2, *v.Number)
	in.ServiceVersion = 2
	b, err := client.CreateBackend(ctx, in)
	require.NoError(t, err)
	require.Equal(t, 80, *b.Port)
	require.Equal(t, 1000, *b.ConnectTimeout)
	_, err = client.CreateBackend(ctx, in)
	require.Equal(t, 409, status(t, err))
	list, err := client.ListBackends(ctx, &fastly.ListBackendsInput{ServiceID: id, ServiceVersion: 1})
	require.NoError(t, err)
	require.Empty(t, list, "the version that was cloned is as it was")

	pkg, err := client.GetPackage(ctx, &fastly.GetPackageInput{ServiceID: id, ServiceVersion: 2})
	require.NoError(t, err)
	require.Len(t, *pkg.Metadata.FilesHash, 128)
	d, err := client.GetServiceDetails(ctx, &fastly.GetServiceDetailsInput{ServiceID: id})
	require.NoError(t, err)
	require.Equal(t, 1, *d.ActiveVersion.Number)
}

func TestAVersionWithoutAPackageIsNotActivated(t *testing.T) {
	_, client := rig(t)
	s, err := client.CreateService(t.Context(), &fastly.CreateServiceInput{Name: fastly.ToPointer("links"), Type: fastly.ToPointer("wasm")})
	require.NoError(t, err)
	ok, msg, err := client.ValidateVersion(t.Context(), &fastly.ValidateVersionInput{ServiceID: *s.ServiceID, ServiceVersion: 1})
	require.NoError(t, err)
	require.False(t, ok)
	require.Contains(t, msg, "package")
	_, err = client.ActivateVersion(t.Context(), &fastly.ActivateVersionInput{ServiceID: *s.ServiceID, ServiceVersion: 1})
	require.Equal(t, 400, status(t, err))
}

// A domain that is updated without its service leaves the service: go-fastly
// sends null for what its caller did not set.
func TestADomainUpdatedWithoutItsServiceIsOff(t *testing.T) {
	api, client := rig(t)
	id := service(t, client)
	ctx := t.Context()
	d, err := domains.Create(ctx, client, &domains.CreateInput{FQDN: fastly.ToPointer("link.example.com"), ServiceID: &id})
	require.NoError(t, err)
	require.Equal(t, []string{"link.example.com"}, api.Served())
	require.Empty(t, api.Off())
	_, err = domains.Update(ctx, client, &domains.UpdateInput{DomainID: &d.DomainID, Description: fastly.ToPointer("new")})
	require.NoError(t, err)
	require.Empty(t, api.Served())
	require.Equal(t, []string{"link.example.com after PATCH /domain-management/v1/domains/" + d.DomainID}, api.Off())
	_, err = domains.Create(ctx, client, &domains.CreateInput{FQDN: fastly.ToPointer("link.example.com")})
	require.Equal(t, 400, status(t, err))
}

func TestCertificates(t *testing.T) {
	api, client := rig(t)
	id := service(t, client)
	ctx := t.Context()
	order := func(host string) (*fastly.TLSSubscription, error) {
		return client.CreateTLSSubscription(ctx, &fastly.CreateTLSSubscriptionInput{Domains: []*fastly.TLSDomain{{ID: host}}, CertificateAuthority: "certainly"})
	}
	_, err := order("link.example.com")
	require.Equal(t, 400, status(t, err))
	_, err = domains.Create(ctx, client, &domains.CreateInput{FQDN: fastly.ToPointer("link.example.com"), ServiceID: &id})
	require.NoError(t, err)
	s, err := order("link.example.com")
	require.NoError(t, err)
	require.Equal(t, "pending", s.State)
	require.Equal(t, "_acme-challenge.link.example.com", s.Authorizations[0].Challenges[0].RecordName)
	_, err = order("link.example.com")
	require.Equal(t, 400, status(t, err))
	api.Issue("link.example.com")
	list, err := client.ListTLSSubscriptions(ctx, &fastly.ListTLSSubscriptionsInput{FilterTLSDomainsID: "link.example.com", Include: "tls_authorizations"})
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "issued", list[0].State)
	configurations, err := client.ListCustomTLSConfigurations(ctx, &fastly.ListCustomTLSConfigurationsInput{Include: "dns_records"})
	require.NoError(t, err)
	require.Equal(t, fastlytest.CNAMETarget, configurations[0].DNSRecords[0].ID)
}

func TestStoresAndLinks(t *testing.T) {
	api, client := rig(t)
	id := service(t, client)
	ctx := t.Context()
	store, err := client.CreateConfigStore(ctx, &fastly.CreateConfigStoreInput{Name: "clickedge"})
	require.NoError(t, err)
	_, err = client.UpdateConfigStoreItem(ctx, &fastly.UpdateConfigStoreItemInput{StoreID: store.StoreID, Key: "link.example.com", Value: "{}", Upsert: true})
	require.NoError(t, err)
	item, err := client.GetConfigStoreItem(ctx, &fastly.GetConfigStoreItemInput{StoreID: store.StoreID, Key: "link.example.com"})
	require.NoError(t, err)
	require.Equal(t, "{}", item.Value)
	secrets := api.AddStore("clickedge-keys")
	v, err := client.CloneVersion(ctx, &fastly.CloneVersionInput{ServiceID: id, ServiceVersion: 1})
	require.NoError(t, err)
	link, err := client.CreateResource(ctx, &fastly.CreateResourceInput{ServiceID: id, ServiceVersion: *v.Number, Name: fastly.ToPointer("clickedge-keys"), ResourceID: &secrets})
	require.NoError(t, err)
	require.Equal(t, "secret-store", *link.ResourceType)
	_, err = client.CreateResource(ctx, &fastly.CreateResourceInput{ServiceID: id, ServiceVersion: *v.Number, Name: fastly.ToPointer("x"), ResourceID: fastly.ToPointer("none")})
	require.Equal(t, 400, status(t, err))
	require.NoError(t, client.DeleteResource(ctx, &fastly.DeleteResourceInput{ServiceID: id, ServiceVersion: *v.Number, ResourceID: *link.LinkID}))
}

func TestServicesComeInPages(t *testing.T) {
	_, client := rig(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		_, err := client.CreateService(t.Context(), &fastly.CreateServiceInput{Name: &name, Type: fastly.ToPointer("wasm")})
		require.NoError(t, err)
	}
	list, err := client.ListServices(t.Context(), &fastly.ListServicesInput{})
	require.NoError(t, err)
	require.Len(t, list, 5)
}

// An answer that is lost on its way: the request has been carried out.
func TestAnAnswerThatIsLost(t *testing.T) {
	api, client := rig(t)
	api.Fail(fastlytest.Fault{Method: "POST", Path: "/service", After: true})
	in := &fastly.CreateServiceInput{Name: fastly.ToPointer("links"), Type: fastly.ToPointer("wasm")}
	_, err := client.CreateService(context.Background(), in)
	require.Error(t, err)
	found, err := client.SearchService(t.Context(), &fastly.SearchServiceInput{Name: "links"})
	require.NoError(t, err)
	require.Equal(t, "links", *found.Name)
}
