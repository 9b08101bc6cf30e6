// Command lives runs Microsoft's Go clients through whole lives against the emulator.
//
// Each step becomes one line on stdout, tab-separated: `life`, client, version, service, step, `ok` or `FAILED`, detail.
// The program ends with 1 when a step failed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime/debug"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

var (
	url          = os.Getenv("AZURE_EMULATOR_URL")
	subscription = "11111111-1111-1111-1111-111111111111"
	tenant       = "22222222-2222-2222-2222-222222222222"
	failed       = false
	polling      = &runtime.PollUntilDoneOptions{Frequency: time.Second} // the least it takes
)

// configuration is a cloud whose every part is the emulator.
func configuration() cloud.Configuration {
	return cloud.Configuration{
		ActiveDirectoryAuthorityHost: url,
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: url, Audience: "https://management.azure.com"},
		},
	}
}

// credential is a client secret, exchanged at the emulator's own authority.
func credential() azcore.TokenCredential {
	made, err := azidentity.NewClientSecretCredential(tenant, "foreign-client", "any secret",
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions:            azcore.ClientOptions{Cloud: configuration()},
			DisableInstanceDiscovery: true,
		})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return made
}

// options are what every management client takes.
func options() *arm.ClientOptions {
	return &arm.ClientOptions{ClientOptions: policy.ClientOptions{
		Cloud: configuration(),
		Retry: policy.RetryOptions{MaxRetries: -1},
	}}
}

// life tells the steps of one client with one service.
type life struct{ client, version, service string }

func newLife(module, service string) life {
	// A major version is no name.
	parts := strings.Split(strings.TrimSuffix(module, "/v2"), "/")
	told := life{client: parts[len(parts)-1], service: service, version: "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range info.Deps {
			if strings.HasSuffix(dependency.Path, module) {
				told.version = strings.TrimPrefix(dependency.Version, "v")
			}
		}
	}
	return told
}

func (l life) step(name string, act func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	outcome, detail := "ok", ""
	if err := act(ctx); err != nil {
		failed = true
		fmt.Fprintln(os.Stderr, err)
		outcome, detail = "FAILED", strings.Join(strings.Fields(err.Error()), " ")
		if len(detail) > 300 {
			detail = detail[:300]
		}
	}
	fmt.Println(strings.Join([]string{"life", l.client, l.version, l.service, name, outcome, detail}, "\t"))
}

// refused says whether an error is the answer of this status.
func refused(status int, err error) error {
	var response *azcore.ResponseError
	if !errors.As(err, &response) {
		return fmt.Errorf("%d was due, not %v", status, err)
	}
	if response.StatusCode != status {
		return fmt.Errorf("%d instead of %d: %w", response.StatusCode, status, err)
	}
	return nil
}

// same says whether two values are equal.
func same(one, other any) error {
	if reflect.DeepEqual(one, other) {
		return nil
	}
	return fmt.Errorf("%v is not %v", one, other)
}

// first is the first error there is.
func first(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// pages reads a paged list; the members of all pages, and how many pages there were.
func pages[R, T any](ctx context.Context, pager *runtime.Pager[R], members func(R) []T) ([]T, int, error) {
	var all []T
	count := 0
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, count, err
		}
		all = append(all, members(page)...)
		count++
	}
	return all, count, nil
}

func group() string { return fmt.Sprintf("life-%d", time.Now().UnixNano()) }

func must[T any](made T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return made
}

// lives are all of them; each file adds its own.
var lives []func()

func main() {
	for _, run := range lives {
		run()
	}
	if failed {
		os.Exit(1)
	}
}
