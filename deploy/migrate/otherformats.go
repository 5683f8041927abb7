package migrate

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// looksLikeNginx matches a statement of an nginx proxy, or the beginning of a
// block.
var looksLikeNginx = regexp.MustCompile(`(?m)^\s*(?:location[^\n]*\{|server\s*\{)?\s*(?:proxy_pass|server_name|proxy_set_header|listen)\s[^\n]*;|` +
	`^\s*(?:server|http|events|upstream\s+[^\s{]+|location\s[^\n{]+)\s*\{`)

// kubernetes matches what every object of Kubernetes has; an Ingress may
// contain snippets for nginx.
var kubernetes = regexp.MustCompile(`(?ms)(?:^apiVersion:.*^kind:|^kind:.*^apiVersion:)`)

// formatsByBytes are recognised by their first bytes.
var formatsByBytes = []otherFormat{
	{"a compressed file", unpack, matches(`^\x1f\x8b|^BZh|^\xfd7zXZ|^\x28\xb5\x2f\xfd`)},
	{"an archive", unpack, matches(`^PK\x03\x04|^7z\xbc\xaf`)},
	{"a binary file", nothing, isBinary},
	{"a certificate or a key", nothing, matches(`^\s*-----BEGIN `)},
	{"an HTML page", nothing, matches(`(?i)^\s*<(?:!doctype html|html)`)},
}

// isBinary reports whether there are many control characters. A few are a
// mistake in a text, and the parser says where.
func isBinary(s *sample) bool {
	controls := 0
	for i := 0; i < len(s.text); i++ {
		if c := s.text[i]; c == 0x7f || c < ' ' && strings.IndexByte("\t\n\v\f\r\x1b", c) < 0 {
			controls++
		}
	}
	return controls > 2 && controls*20 > len(s.text)
}

// isMostlyForeign reports whether so many bytes are not UTF-8 that it is not a
// text. A comment in Latin-1 does not count.
func isMostlyForeign(s *sample) bool {
	invalid, text := 0, s.text
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 {
			invalid++
		}
		text = text[size:]
	}
	return invalid*5 > len(s.text)
}

// formatsInJSON are recognised by the members of their outermost object.
var formatsInJSON = []otherFormat{
	{"a sites.json", sitesAlready, members("sites")},
	{"a CloudFormation template that the AWS CDK made", cloudFront, both(either(members("Resources"), members("AWSTemplateFormatVersion")), matches(`aws:cdk:|CDKMetadata`))},
	{"a CloudFormation template", cloudFront, either(members("AWSTemplateFormatVersion"), both(members("Resources"), matches(`"AWS::\w+::`)))},
	{"a policy of CloudFront's", cloudFront, either(members("CachePolicy"), members("CachePolicyConfig"), members("OriginRequestPolicy"), members("OriginRequestPolicyConfig"))},
	{"a configuration of the AWS CDK", cloudFront, either(called("cdk.json"), both(members("app", "context"), matches(`aws-cdk`)))},
	{"a state or plan of Terraform's with a distribution of CloudFront", cloudFront, both(members("terraform_version"), matches(`"aws_cloudfront_distribution"`))},
	{"a state or plan of Terraform's with a service of Fastly", fastlyAPI, both(members("terraform_version"), matches(`"fastly_service_vcl"`))},
	{"a state or plan of Terraform's", byHand, members("terraform_version")},
	{"a Terraform configuration with a distribution of CloudFront", cloudFront, both(members("resource"), matches(`"aws_cloudfront_distribution"`))},
	{"a Terraform configuration with a service of Fastly", fastlyAPI, both(members("resource"), matches(`"fastly_service_vcl"`))},
	{"a Terraform configuration", byHand, either(members("resource"), members("terraform"))},
	{"a configuration of Vercel's", byHand, either(called("vercel.json", "now.json"), both(either(members("rewrites"), members("redirects"), members("routes")), matches(`"(?:destination|dest)"`)))},
	{"a configuration of Firebase Hosting", byHand, either(called("firebase.json"), members("hosting"))},
	{"a configuration of a Cloudflare Worker", byHand, either(called("wrangler.json", "wrangler.jsonc"), members("compatibility_date"))},
	{"an answer of Cloudflare's API", byHand, members("result", "success")},
	{"a ruleset of Cloudflare's", byHand, both(members("rules"), matches(`"(?:phase|action_parameters)"`))},
	{"a property of Akamai's", byHand, both(members("rules"), matches(`"behaviors"`))},
	{"Caddy's configuration in JSON", byHand, both(members("apps"), matches(`"http"`))},
	{"a configuration of Envoy", byHand, either(members("static_resources"), members("dynamic_resources"))},
	{"a configuration of NGINX Unit", byHand, members("listeners")},
	{"a configuration of Traefik", byHand, either(both(members("http"), matches(`"routers"`)), members("routers"), members("entryPoints"))},
	{"an object of Kubernetes", byHand, members("apiVersion", "kind")},
	{"a template of Azure's", byHand, either(both(members("$schema"), matches(`deploymentTemplate`)), matches(`"Microsoft\.(?:Cdn|Network)/`))},
	{"a configuration of Google Cloud", byHand, matches(`"compute#\w+"`)},
	{"a configuration of Kong", byHand, members("_format_version")},
	{"a pull zone of bunny.net", byHand, members("OriginUrl")},
	{"an error of Fastly's API", fastlyAPI, func(s *sample) bool { return members("msg")(s) && !members("backends")(s) }},
}

// formatsInYAML are recognised by lines of YAML and TOML.
var formatsInYAML = []otherFormat{
	{"an object of Traefik's in Kubernetes", byHand, both(isKubernetes, matches(`(?m)^apiVersion:\s*["']?traefik\b`))},
	{"an Ingress of Kubernetes", nginxPrints, both(isKubernetes, matches(`(?m)^kind:\s*["']?Ingress["']?\s*$`))},
	{"an object of Kubernetes", byHand, isKubernetes},
	{"a CloudFormation template", cloudFront, matches(`(?m)^AWSTemplateFormatVersion:|^\s+Type:\s*["']?AWS::\w+::|^Transform:\s*["']?AWS::`)},
	{"a distribution of CloudFront's, but not in JSON", asJSON, matches(`(?m)^\s*DistributionConfig:|^DISTRIBUTION(?:CONFIG)?\t|^\|\s+GetDistribution`)},
	{"a configuration of the Serverless Framework", cloudFront, both(matches(`(?m)^service:`), matches(`(?m)^provider:`))},
	{"a docker-compose file with labels of Traefik", byHand, matches(`traefik\.http\.`)},
	{"a docker-compose file with labels of Caddy", byHand, matches(`caddy\.reverse_proxy`)},
	{"a docker-compose file", elsewhere, either(called("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"), both(matches(`(?m)^services:`), matches(`(?m)^\s+(?:image|build):`)))},
	{"a configuration of Traefik", byHand, matches(`(?m)^\s*\[?\[?(?:entryPoints|http\.routers|http\.services)\b|^(?:http|tcp):\s*\n(?:.*\n)*?\s+routers:`)},
	{"a configuration of Envoy", byHand, matches(`(?m)^\s*(?:static_resources|dynamic_resources):`)},
	{"a configuration of a Cloudflare Tunnel", byHand, either(matches(`(?m)^tunnel:`), both(matches(`(?m)^ingress:`), matches(`(?m)^\s*-\s*hostname:`)))},
	{"a configuration of Google Cloud", byHand, matches(`(?m)^kind:\s*compute#`)},
	{"a configuration of Kong", byHand, matches(`(?m)^_format_version:`)},
	{"a playbook of Ansible's", elsewhere, both(matches(`(?m)^\s*-?\s*hosts:`), matches(`(?m)^\s*(?:tasks|roles):`))},
	{"a project of Pulumi's", byHand, either(called("pulumi.yaml", "pulumi.yml"), both(matches(`(?m)^runtime:`), matches(`(?m)^name:`)))},
	{"a netlify.toml", byHand, either(called("netlify.toml"), matches(`(?m)^\s*\[\[(?:redirects|headers|edge_functions)\]\]`))},
	{"a configuration of a Cloudflare Worker", byHand, either(called("wrangler.toml"), matches(`(?m)^\s*"?compatibility_date"?\s*[=:]`))},
	{"a fastly.toml", fastlyAPI, either(called("fastly.toml"), matches(`(?m)^manifest_version\s*=`))},
	{"a fly.toml", elsewhere, either(called("fly.toml"), matches(`(?m)^\[http_service\]`))},
}

func isKubernetes(s *sample) bool { return kubernetes.MatchString(s.text) }

// formatsInText are recognised by their text.
var formatsInText = []otherFormat{
	{"a binary file, or a text in another encoding than UTF-8", nothing, isMostlyForeign},
	{"a Terraform configuration with a distribution of CloudFront", cloudFront, matches(`(?m)^\s*(?:resource|data)\s+"aws_cloudfront_distribution"|terraform-aws-modules/cloudfront`)},
	{"a Terraform configuration with a service of Fastly", fastlyAPI, matches(`(?m)^\s*(?:resource|data)\s+"fastly_service_vcl"`)},
	{"a Terraform configuration", byHand, matches(`(?m)^\s*(?:resource|data)\s+"\w+"\s+"|^\s*(?:module|provider|variable|output)\s+"[^"]+"\s*\{|^\s*(?:terraform|locals)\s*\{`)},
	{"a Bicep template of Azure's", byHand, matches(`(?m)^resource\s+\w+\s+'Microsoft\.`)},

	{"a program of the AWS CDK", cloudFront, matches(`aws-cdk-lib|@aws-cdk/|\baws_cdk\b|awscdk\b|software\.amazon\.awscdk|Amazon\.CDK\b`)},
	{"a program of Pulumi's", byHand, matches(`@pulumi/|\bimport pulumi|pulumi/sdk`)},
	{"a function of Lambda@Edge", cloudFront, matches(`Records\[0\]\.cf\b|\[["']Records["']\]\[0\]\[["']cf["']\]`)},
	{"a Cloudflare Worker", byHand, matches(`addEventListener\(\s*["']fetch["']|(?s)export\s+default\s*\{.{0,200}?\bfetch\b|HTMLRewriter|ExportedHandler|\basync\s+fetch\s*\(\s*request`)},
	{"a rule of Cloudflare's", byHand, matches(`\bhttp\.host\s+(?:eq|in|contains)\b|\bhttp\.request\.(?:uri|full_uri)\b`)},
	{"a function of CloudFront's", cloudFront, matches(`function\s+handler\s*\(\s*event\s*\)`)},
	{"a configuration of Next.js, as Vercel runs it", byHand, either(called("next.config.js", "next.config.mjs", "next.config.ts"), matches(`\brewrites\s*\(\s*\)`))},

	{"VCL of a Fastly service", fastlyAPI, matches(`(?mi)^\s*#\s*FASTLY\s+\w+|\bFastly-FF\b|\breq\.backend\s*=\s*F_|\bbackend\s+F_\w+|\bfastly\.(?:error|ff|try_stale)|\bfastly_info\.`)},
	{"VCL of Varnish", byHand, matches(`(?m)^\s*vcl\s+[\d.]+\s*;|^\s*backend\s+\w+\s*\{|\breq\.backend_hint\b|\bstd\.\w+\(`)},
	{"VCL, of Varnish or of a Fastly service", fastlyAPI, matches(`(?m)^\s*sub\s+\w+\s*(?:\{|$)|^\s*(?:set|unset)\s+(?:be)?(?:req|resp)\.(?:http|url|backend)`)},

	{"a web.config of IIS", byHand, either(called("web.config"), matches(`(?i)<system\.webServer>`))},
	{"an .htaccess of Apache", byHand, called(".htaccess")},
	{"a configuration of Apache", byHand, matches(`(?mi)^\s*<(?:VirtualHost|Location|LocationMatch|Directory|IfModule|IfDefine|Proxy|Files)\b|^\s*(?:ProxyPass(?:Reverse|Match)?|ProxyPreserveHost|ProxyRequests|Rewrite(?:Engine|Rule|Cond)|SSLProxyEngine|RequestHeader|LoadModule|ServerName|ServerAlias|RedirectMatch)\s`)},
	{"a configuration of HAProxy", byHand, both(matches(`(?m)^\s*(?:frontend|backend|listen|global|defaults)(?:\s+[^\s;{]+){0,2}\s*(?:#.*)?$`), matches(`(?m)^\s*(?:bind|server|mode|default_backend|use_backend|http-request|http-response|option|balance|timeout|acl)\s`))},
	{"a configuration of Apache Traffic Server", byHand, matches(`(?m)^\s*(?:regex_)?map\s+https?://\S+\s+https?://`)},
	{"a configuration of lighttpd", byHand, matches(`(?m)^\s*\$HTTP\["|^\s*(?:server\.modules|proxy\.server|server\.document-root)\s*\+?=`)},
	{"a configuration of Squid", byHand, matches(`(?m)^\s*(?:cache_peer|http_port|https_port|http_access)\s`)},
	{"a configuration of Pound", byHand, matches(`(?m)^\s*Listen(?:HTTP|HTTPS)\s*$`)},
	{"a _redirects file of Netlify", byHand, either(called("_redirects"), matches(`(?m)^\s*(?:https?://\S+|/\S*)\s+https?://\S+(?:\s+\d{3}!?)?\s*$`))},
	{"a Caddyfile", byHand, either(called("caddyfile"), matches(`(?m)^\s*(?:reverse_proxy|header_up|handle_path|handle|file_server|tls_server_name|encode|redir|php_fastcgi|respond|route|basic_auth|request_header)\b[^;\n]*$`))},
	{"a DNS zone", byHand, matches(`(?mi)\bIN\s+(?:CNAME|SOA|NS|A|AAAA|TXT)\s|^\$ORIGIN\s`)},
	{"a Dockerfile", elsewhere, matches(`(?m)^FROM\s+\S+`)},
	{"a program in JavaScript or TypeScript", byHand, matches(`(?m)^\s*(?:import\s.*\bfrom\s+["']|(?:const|let|var)\s+[\w{][^\n=]*=|module\.exports\b|export\s+(?:default|const|async|function)\b|(?:async\s+)?function\s+\w+\s*\()`)},
	{"a program in Python", byHand, matches(`(?m)^(?:import\s+[\w.]+|from\s+[\w.]+\s+import\s|def\s+\w+\(.*\):)`)},
	{"a script", nothing, matches(`^#!`)},
	{"XML", byHand, matches(`^\s*<\?xml\b`)},
}

// formatsByName are recognised by the ends of their files' names, if by nothing
// else.
var formatsByName = []otherFormat{
	{"a Terraform configuration", byHand, ending(".tf", ".tfvars", ".hcl")},
	{"VCL, of Varnish or of a Fastly service", fastlyAPI, ending(".vcl")},
	{"a Bicep template of Azure's", byHand, ending(".bicep")},
	{"a program", byHand, ending(".js", ".mjs", ".cjs", ".ts", ".tsx", ".py", ".go", ".rs", ".rb", ".php", ".java", ".cs", ".lua")},
	{"a YAML file", byHand, ending(".yaml", ".yml")},
	{"a TOML file", byHand, ending(".toml")},
	{"XML", byHand, ending(".xml")},
}
