package esp

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/internal/linkstest"
)

// A form is there for each link that somebody owns, and it is that by which the
// family owns it.
func TestFormIsWhatOwnsCounts(t *testing.T) {
	links := linkstest.Load(t, "../testdata/links.json")
	for _, l := range links {
		for _, f := range append(families(), FamilyCustom, Family(200)) {
			form, ok := f.Form(l.Path)
			require.Equal(t, f.Owns(l.Path), len(form.text), "%s: %s", f, l.Path)
			require.Equal(t, f.Owns(l.Path) > 0, ok)
			if ok {
				require.Contains(t, f.Forms(), form)
			}
		}
	}
}

func TestFormsArePaths(t *testing.T) {
	for _, f := range families() {
		var texts []string
		for _, form := range f.Forms() {
			texts = append(texts, form.text)
			require.NotEqual(t, KindHealth, form.Kind)
		}
		require.Equal(t, f.Paths(), texts)
	}
	require.Empty(t, FamilyCustom.Forms())
	require.Empty(t, Family(200).Forms())
	for target, want := range map[string]string{"/3s/x": "/3[mst]…/…", "/open/x": "/open…"} {
		form, _ := FamilyPostmark.Form(target)
		require.Equal(t, want, form.Path)
	}
	form, _ := FamilyPostal.Form("/ab12cd/aB3dE5fG7hI9jK1L")
	require.Equal(t, "/…/…", form.Path)
	require.Equal(t, KindClick, form.Kind)
	form, _ = FamilyMautic.Form("/email/6123.gif")
	require.Equal(t, "/email/….gif", form.Path)
	form, _ = FamilyIterable.Form("/u/click?_t=a")
	require.Equal(t, "/u/click", form.Path)
}

func TestFormsOfOverlaps(t *testing.T) {
	for _, o := range Overlaps(FamilyMailgun, FamilyIterable) {
		owners, others := o.Forms(FamilyMailgun)
		require.Equal(t, o.Path, owners.text)
		require.Equal(t, o.Kind, owners.Kind)
		require.Equal(t, "/u/…", others.Path)
		require.Equal(t, o.OtherKind, others.Kind)
	}
}
