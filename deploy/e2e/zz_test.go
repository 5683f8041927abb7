package e2e
import ("testing";"fmt";"github.com/clickedge/clickedge/hostsim")
func TestZZ(t *testing.T){
 for _,s:=range []string{oneSite, `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "destinations": ["shop.example.com"]}}}`} {
 r:=newRig(t,s,nil)
 _,x:=r.do(t,hostsim.Request{Host:"link.example.com",Target:sesClick})
 fmt.Println(x.CallCount)
 for _,c:=range x.Calls { fmt.Println(c.Module,c.Name,c.Status) }
 }
}
