package migrate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// cloudFrontFile is what "aws cloudfront get-distribution",
// "get-distribution-config" and "list-distributions" print, or the
// configuration alone (CloudFront API reference, DistributionConfig).
type cloudFrontFile struct {
	Distribution       struct{ DistributionConfig *cloudFrontConfig }
	DistributionConfig *cloudFrontConfig
	DistributionList   listOf[cloudFrontConfig]
	cloudFrontConfig
}

type cloudFrontConfig struct {
	Aliases              listOf[string]
	Origins              listOf[cloudFrontOrigin]
	OriginGroups         listOf[cloudFrontGroup]
	DefaultCacheBehavior *cloudFrontBehavior
	CacheBehaviors       listOf[cloudFrontBehavior]
	CustomErrorResponses listOf[cloudFrontError]
	DefaultRootObject    string
	WebACLId             string
	Enabled              *bool
	Restrictions         struct {
		GeoRestriction struct{ RestrictionType string }
	}
}

type listOf[T any] struct{ Items []T }

type cloudFrontOrigin struct {
	Id, DomainName, OriginPath string
	CustomHeaders              listOf[struct{ HeaderName, HeaderValue string }]
	S3OriginConfig             *struct{}
	CustomOriginConfig         *struct {
		HTTPPort, HTTPSPort  uint16
		OriginProtocolPolicy string
		OriginReadTimeout    int
	}
}

type cloudFrontGroup struct {
	Id      string
	Members listOf[struct{ OriginId string }]
}

type cloudFrontBehavior struct {
	PathPattern, TargetOriginId, ViewerProtocolPolicy string
	AllowedMethods                                    listOf[string]
	Compress                                          bool
	CachePolicyId, OriginRequestPolicyId              string
	ResponseHeadersPolicyId                           string
	LambdaFunctionAssociations                        listOf[struct{ LambdaFunctionARN string }]
	FunctionAssociations                              listOf[struct{ FunctionARN string }]
	MinTTL, DefaultTTL                                *int64
	ForwardedValues                                   *cloudFrontForwarded
}

type cloudFrontForwarded struct {
	QueryString          bool
	QueryStringCacheKeys listOf[string]
	Cookies              struct{ Forward string }
	Headers              listOf[string]
}

type cloudFrontError struct {
	ErrorCode        int
	ResponsePagePath string
}

// The policies that CloudFront keeps itself ("Use managed cache policies", "Use
// managed origin request policies", "Use managed response headers policies").
const (
	cachingDisabled   = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	allViewer         = "216adef6-5c7f-47e4-b989-5492eafa07d3"
	allViewerNoHost   = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
	allViewerAndEdge  = "33f36d7e-f396-46d9-90e0-52428a34d9dc"
	userAgentReferer  = "acba4595-bd28-49b8-b9fe-13317c0390fa"
	corsCustomOrigin  = "59781a5b-3903-41f3-afcb-af62929ccde1"
	corsS3Origin      = "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf"
	hostHeaderOnly    = "bf0718e1-ba1e-49d1-88b1-f726733018ae"
	securityHeaders   = "67f7725c-6f97-4210-82d7-5512b31e9d03"
	corsAndSecurity   = "e61eb60c-9c35-4d20-a928-2b84e02af89c"
	corsPreflightSafe = "eaab4381-ed33-4a86-88ca-d9558dc6cd63"
)

// scannerTTL is for how many seconds SparkPost's page advises to cache answers,
// as scanners repeat clicks ("Enabling HTTPS engagement tracking").
const scannerTTL = 10

// passed is what a policy has CloudFront send to the origin.
type passed struct{ host, agent, cookies, query bool }

// requestPolicies are the origin request policies whose effect is known.
var requestPolicies = map[string]passed{
	"":               {},
	corsCustomOrigin: {},
	corsS3Origin:     {},
	userAgentReferer: {agent: true},
	hostHeaderOnly:   {host: true},
	allViewer:        {host: true, agent: true, cookies: true, query: true},
	allViewerAndEdge: {host: true, agent: true, cookies: true, query: true},
	allViewerNoHost:  {agent: true, cookies: true, query: true},
}

// cachePolicy is a managed cache policy: what is part of its key is also sent
// to the origin.
type cachePolicy struct {
	passed
	keeps keeping
}

// keeping is how long answers are cached.
type keeping uint8

const (
	keepsNone   keeping = iota
	keepsAsTold         // as the origin says, or for less than scannerTTL
	keepsLong
)

var cachePolicies = map[string]cachePolicy{
	cachingDisabled:                        {},
	"658327ea-f89d-4fab-a63d-7e88639e58f6": {keeps: keepsLong},                                            // CachingOptimized
	"b2884449-e4de-46a7-ac36-70bc7f1ddd6d": {keeps: keepsLong},                                            // CachingOptimizedForUncompressedObjects
	"83da9c7e-98b4-4e11-a168-04f0df8e2c65": {passed{host: true, cookies: true}, keepsAsTold},              // UseOriginCacheControlHeaders
	"4cc15a8a-d715-48a4-82b8-cc0b614638fe": {passed{host: true, cookies: true, query: true}, keepsAsTold}, // UseOriginCacheControlHeaders-QueryStrings
	"08627262-05a9-4f76-9ded-b50ca2e3a84f": {keeps: keepsLong},                                            // Elemental-MediaPackage
	"2e54312d-136d-493c-8eb9-b001f22f67d2": {passed{host: true, cookies: true, query: true}, keepsAsTold}, // Amplify
}

func (r *reading) cloudFront(data []byte) error {
	var f cloudFrontFile
	if err := decodeJSON(r.name, data, &f); err != nil {
		return err
	}
	found := r.distribution("Distribution.DistributionConfig.", f.Distribution.DistributionConfig) ||
		r.distribution("DistributionConfig.", f.DistributionConfig) ||
		r.distribution("", &f.cloudFrontConfig)
	if !found {
		for i := range f.DistributionList.Items {
			path := fmt.Sprintf("DistributionList.Items[%d].", i)
			found = r.distribution(path, &f.DistributionList.Items[i]) || found
		}
	}
	if !found {
		return &Error{Name: r.name, Problem: "it is not a distribution: it has no DefaultCacheBehavior",
			Hint: "aws cloudfront get-distribution --id … >distribution.json prints one"}
	}
	return nil
}

type cloudFrontReading struct {
	*reading
	*cloudFrontConfig
	jsonPath
	part string // the path to the behaviour that is read, "" for that of links
}

// distribution reads one, and reports whether it is one. The path to it is ""
// or ends in a dot.
func (r *reading) distribution(path string, config *cloudFrontConfig) bool {
	if config == nil || config.DefaultCacheBehavior == nil {
		return false
	}
	c := &cloudFrontReading{reading: r, jsonPath: jsonPath(path), cloudFrontConfig: config}
	for _, host := range c.hosts() {
		c.host = host.name
		v := &service{host: host.name, hostAt: host.at}
		if c.origins(v) {
			c.behaviour(v)
			c.rest(v)
			c.addSite(v)
		}
		c.host = ""
	}
	return true
}

func (c *cloudFrontReading) hosts() []named {
	var names []named
	for i, alias := range c.Aliases.Items {
		names = append(names, named{alias, c.at("Aliases.Items[%d]", i)})
	}
	return c.linkDomains(names, c.at("Aliases"), "the distribution has no name but its own at cloudfront.net: give the link domain with --host")
}

// origins finds the origin of links and the other origins.
func (c *cloudFrontReading) origins(v *service) bool {
	ids := []string{c.DefaultCacheBehavior.TargetOriginId}
	for _, g := range c.OriginGroups.Items {
		if g.Id != ids[0] {
			continue
		}
		ids = nil
		for _, m := range g.Members.Items {
			ids = append(ids, m.OriginId)
		}
	}
	var found []address
	for _, id := range ids {
		for i := range c.Origins.Items {
			if o := &c.Origins.Items[i]; o.Id == id {
				found = append(found, c.origin(v, o, i))
			}
		}
	}
	if len(found) == 0 {
		c.lost(c.in("TargetOriginId"), "no-origin", "the origin %q is not in the distribution", clip(c.DefaultCacheBehavior.TargetOriginId))
		return false
	}
	v.origin, v.others = found[0], found[1:]
	return true
}

func (c *cloudFrontReading) origin(v *service, o *cloudFrontOrigin, i int) address {
	a := address{at: c.at("Origins.Items[%d].DomainName", i), tls: true, host: strings.ToLower(strings.TrimSuffix(o.DomainName, "."))}
	if o.OriginPath != "" {
		c.wrong(c.at("Origins.Items[%d].OriginPath", i), "path-rewritten", "the path %q was put before the link's own", clip(o.OriginPath))
	}
	c.originFields(v, o, i)
	custom := o.CustomOriginConfig
	if custom == nil {
		return a
	}
	a.port = custom.HTTPSPort
	switch custom.OriginProtocolPolicy {
	case "http-only":
		a.tls, a.port = false, custom.HTTPPort
	case "match-viewer":
		c.known(c.at("Origins.Items[%d].CustomOriginConfig.OriginProtocolPolicy", i), "scheme-of-reader", "the ESP was asked over the reader's scheme, over http for old mail")
	}
	// 30 seconds is CloudFront's default, so it is not carried over.
	if custom.OriginReadTimeout != 0 && custom.OriginReadTimeout != 30 && v.timeout == 0 {
		v.timeout, v.timeoutAt = time.Duration(custom.OriginReadTimeout)*time.Second, c.at("Origins.Items[%d].CustomOriginConfig.OriginReadTimeout", i)
	}
	return a
}

// originFields reads the fields that are added on the way to an origin, those
// of the first origin if there are several. Their values may be secrets.
func (c *cloudFrontReading) originFields(v *service, o *cloudFrontOrigin, i int) {
	for j, h := range o.CustomHeaders.Items {
		at := c.at("Origins.Items[%d].CustomHeaders.Items[%d]", i, j)
		if strings.EqualFold(h.HeaderName, "X-Forwarded-Host") {
			c.forwardsHost(v, h.HeaderValue, at)
			continue
		}
		v.fields = append(v.fields, requestField{h.HeaderName, h.HeaderValue, at})
	}
}

// behaviour reads the settings for requests for links.
func (c *cloudFrontReading) behaviour(v *service) {
	b := c.DefaultCacheBehavior
	if b.ViewerProtocolPolicy == "redirect-to-https" || b.ViewerProtocolPolicy == "https-only" {
		c.wrong(c.in("ViewerProtocolPolicy"), "forced-https", "http was redirected to https or refused: links of old mail begin with http, and their POSTs were lost")
	}
	if len(b.AllowedMethods.Items) > 0 && !has(b.AllowedMethods.Items, "POST") {
		v.noPost = c.in("AllowedMethods")
	}
	if b.Compress {
		c.known(c.in("Compress"), "gzip", "compression; a redirect has nothing to compress")
	}
	if n := len(b.LambdaFunctionAssociations.Items) + len(b.FunctionAssociations.Items); n > 0 {
		c.lost(c.in("FunctionAssociations"), "code", "%d functions run on requests or answers; they are not read", n)
	}
	if b.ForwardedValues != nil {
		c.forwardedValues(v, b.ForwardedValues)
	} else {
		c.policies(v)
	}
	c.responsePolicy()
}

// in is the place of a setting for requests for links.
func (c *cloudFrontReading) in(field string) string {
	return c.at("%s.%s", cmp.Or(c.part, "DefaultCacheBehavior"), field)
}

func has(list []string, word string) bool {
	return slices.ContainsFunc(list, func(w string) bool { return strings.EqualFold(w, word) })
}

// forwardedValues reads the older setting for what is sent to the origin. Host
// and all but a few other fields are sent only if listed.
func (c *cloudFrontReading) forwardedValues(v *service, f *cloudFrontForwarded) {
	all := has(f.Headers.Items, "*")
	v.hosting, v.whoAt = hostOrigin, c.in("ForwardedValues.Headers")
	if all || has(f.Headers.Items, "Host") {
		v.hosting = hostBranded
	}
	if !all && !has(f.Headers.Items, "User-Agent") {
		c.agentDropped(c.in("ForwardedValues.Headers"))
	}
	if !f.QueryString || len(f.QueryStringCacheKeys.Items) > 0 && !has(f.QueryStringCacheKeys.Items, "*") {
		v.noQuery = c.in("ForwardedValues.QueryString")
	}
	v.cookiesAt = c.in("ForwardedValues.Cookies.Forward")
	switch f.Cookies.Forward {
	case "all":
		v.cookies = cookiesPass
	case "whitelist":
		v.cookies = cookiesSome
	default:
		v.cookies = cookiesStrip
	}
	if !all { // with all fields CloudFront caches nothing, whatever the times are
		c.times()
	}
}

func (c *cloudFrontReading) agentDropped(at string) {
	c.wrong(at, "user-agent-dropped", "the ESP saw every reader as \"Amazon CloudFront\": its reports of devices and bots are worthless")
}

// times reads how long answers are cached.
func (c *cloudFrontReading) times() {
	switch b := c.DefaultCacheBehavior; {
	case b.MinTTL != nil && *b.MinTTL > 0:
		c.wrong(c.in("MinTTL"), "redirects-cached", "answers were kept for %d seconds at least, whatever the ESP said: clicks in that time are not counted", *b.MinTTL)
	case b.DefaultTTL == nil:
		c.wrong(c.in("DefaultTTL"), "redirects-cached", "answers without Cache-Control were kept for a day, as nothing else is said: clicks in that time are not counted")
	case *b.DefaultTTL > scannerTTL:
		c.wrong(c.in("DefaultTTL"), "redirects-cached", "answers without Cache-Control were kept for %d seconds: clicks in that time are not counted", *b.DefaultTTL)
	case *b.DefaultTTL > 0:
		c.known(c.in("DefaultTTL"), "redirects-kept", "answers without Cache-Control were kept for %d seconds; clickedge keeps none, and every click of a scanner reaches the ESP", *b.DefaultTTL)
	}
}

// policies reads the newer setting. The content of a custom policy is not in
// the distribution, and both policies may send something to the origin: if one
// of them is custom, it is unknown whether what the other does not send is
// sent.
func (c *cloudFrontReading) policies(v *service) {
	b := c.DefaultCacheBehavior
	request, requestKnown := requestPolicies[b.OriginRequestPolicyId]
	if !requestKnown {
		c.known(c.in("OriginRequestPolicyId"), "policy-unknown", "what the origin request policy %q says is not in the distribution: aws cloudfront get-origin-request-policy shows it", clip(b.OriginRequestPolicyId))
	}
	cache, cacheKnown := cachePolicies[b.CachePolicyId]
	switch {
	case !cacheKnown:
		c.known(c.in("CachePolicyId"), "policy-unknown", "what the cache policy %q says is not in the distribution, nor what it sends to the ESP: aws cloudfront get-cache-policy shows it; clickedge keeps no answer", clip(b.CachePolicyId))
	case cache.keeps == keepsLong:
		c.wrong(c.in("CachePolicyId"), "redirects-cached", "answers were kept: a click that is answered from a cache is not counted")
	case cache.keeps == keepsAsTold:
		c.known(c.in("CachePolicyId"), "redirects-kept", "answers were kept for as long as the ESP said, or a few seconds; clickedge keeps none, and every click of a scanner reaches the ESP")
	}
	sent := passed{request.host || cache.host, request.agent || cache.agent, request.cookies || cache.cookies, request.query || cache.query}
	c.sent(v, sent, requestKnown && cacheKnown, c.in("OriginRequestPolicyId"))
}

// sent adds findings on what the policies send to the origin. sure: they send
// nothing else.
func (c *cloudFrontReading) sent(v *service, p passed, sure bool, at string) {
	v.whoAt, v.cookiesAt = at, at
	switch {
	case p.host:
		v.hosting = hostBranded
	case sure:
		v.hosting = hostOrigin
	}
	switch {
	case p.cookies:
		v.cookies = cookiesPass
	case sure:
		v.cookies = cookiesStrip
	}
	if sure && !p.agent {
		c.agentDropped(at)
	}
	if sure && !p.query {
		v.noQuery = at
	}
}

func (c *cloudFrontReading) responsePolicy() {
	at := c.in("ResponseHeadersPolicyId")
	switch id := c.DefaultCacheBehavior.ResponseHeadersPolicyId; id {
	case "":
	case securityHeaders, corsAndSecurity, corsPreflightSafe:
		c.wrong(at, "hsts", "https was forced on browsers for the link domain: links of old mail begin with http, and one wrong certificate then stops them all")
	default:
		c.lost(at, "response-field", "the response headers policy %q", clip(id))
	}
}

// rest reads the settings that are not only about links.
func (c *cloudFrontReading) rest(v *service) {
	for i, b := range c.CacheBehaviors.Items {
		at := c.at("CacheBehaviors.Items[%d].PathPattern", i)
		switch {
		case appleFile(b.PathPattern) || androidFile(b.PathPattern) || strings.Contains(b.PathPattern, ".well-known"):
			c.lost(at, "app-links", "the app-link files of %s come from the origin %q: save them, and name them in app_links", clip(b.PathPattern), clip(b.TargetOriginId))
		case b.TargetOriginId == c.DefaultCacheBehavior.TargetOriginId:
			c.known(at, "same-origin", "%s goes to the same origin", clip(b.PathPattern))
		case !c.furtherBehaviour(v, i):
			c.lostFurther(at, clip(b.PathPattern), fmt.Sprintf("the origin %q", clip(b.TargetOriginId)))
		}
	}
	for i, e := range c.CustomErrorResponses.Items {
		if e.ResponsePagePath != "" {
			c.wrong(c.at("CustomErrorResponses.Items[%d]", i), "error-page", "the ESP's %d was replaced by another page, and its reason was lost", e.ErrorCode)
		}
	}
	if c.DefaultRootObject != "" {
		c.lost(c.at("DefaultRootObject"), "root-object", "/ was asked for as %q", clip(c.DefaultRootObject))
	}
	if c.WebACLId != "" {
		c.wrong(c.at("WebACLId"), "filter", "a firewall is in front of the links: what it refuses, ESPs' checks and one-click unsubscribes among them, is not in the distribution")
	}
	if kind := c.Restrictions.GeoRestriction.RestrictionType; kind != "" && kind != "none" {
		c.wrong(c.at("Restrictions.GeoRestriction"), "filter", "readers in some countries were turned away")
	}
	if c.Enabled != nil && !*c.Enabled {
		c.known(c.at("Enabled"), "disabled", "the distribution is switched off")
	}
}

// furtherBehaviour reads a behaviour whose paths are those of another ESP's
// links, and reports whether they are.
func (c *cloudFrontReading) furtherBehaviour(v *service, i int) bool {
	b := c.CacheBehaviors.Items[i]
	config := *c.cloudFrontConfig
	config.DefaultCacheBehavior = &b
	quiet := *c
	quiet.reading, quiet.cloudFrontConfig = &reading{opt: c.opt}, &config
	found := &service{host: v.host}
	if at := wildcard(b.PathPattern); !quiet.origins(found) || !at.isFurther(found.origin) {
		return false
	}
	one, read := &service{host: v.host, hostAt: v.hostAt}, *c
	read.cloudFrontConfig, read.part = &config, fmt.Sprintf("CacheBehaviors.Items[%d]", i)
	read.origins(one)
	read.behaviour(one)
	v.further = append(v.further, further{one, wildcard(b.PathPattern), read.in("PathPattern"), clip(b.PathPattern), fmt.Sprintf("the origin %q", clip(b.TargetOriginId))})
	return true
}
