package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cdn/armcdn/v2"
)

func init() { lives = append(lives, frontDoor) }

// done waits for the end of what was begun.
func done[T any](ctx context.Context, poller *runtime.Poller[T], err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return poller.PollUntilDone(ctx, polling)
}

// frontDoor is Front Door Standard by armcdn.
func frontDoor() {
	told := newLife("resourcemanager/cdn/armcdn/v2", "Front Door")
	factory := must(armcdn.NewClientFactory(subscription, credential(), options()))
	profiles, endpoints, routes := factory.NewProfilesClient(), factory.NewAFDEndpointsClient(), factory.NewRoutesClient()
	groups, origins := factory.NewAFDOriginGroupsClient(), factory.NewAFDOriginsClient()
	rg, name := group(), "golife"
	groupID := func(color string) *armcdn.ResourceReference {
		id := fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Cdn/profiles/%s/originGroups/%s",
			subscription, rg, name, color)
		return &armcdn.ResourceReference{ID: to.Ptr(id)}
	}
	told.step("create a profile and an endpoint by operations", func(ctx context.Context) error {
		poller, err := profiles.BeginCreate(ctx, rg, name, armcdn.Profile{
			Location: to.Ptr("Global"), SKU: &armcdn.SKU{Name: to.Ptr(armcdn.SKUNameStandardAzureFrontDoor)},
		}, nil)
		if _, err = done(ctx, poller, err); err != nil {
			return err
		}
		begun, err := endpoints.BeginCreate(ctx, rg, name, "web", armcdn.AFDEndpoint{Location: to.Ptr("Global")}, nil)
		made, err := done(ctx, begun, err)
		if err != nil {
			return err
		}
		if !strings.HasSuffix(*made.Properties.HostName, ".azurefd.net") {
			return fmt.Errorf("host name %s", *made.Properties.HostName)
		}
		return nil
	})
	told.step("origin groups, origins, a route", func(ctx context.Context) error {
		for _, color := range []string{"blue", "green"} {
			begun, err := groups.BeginCreate(ctx, rg, name, color, armcdn.AFDOriginGroup{Properties: &armcdn.AFDOriginGroupProperties{
				LoadBalancingSettings: &armcdn.LoadBalancingSettingsParameters{
					SampleSize: to.Ptr[int32](4), SuccessfulSamplesRequired: to.Ptr[int32](3),
					AdditionalLatencyInMilliseconds: to.Ptr[int32](50),
				},
			}}, nil)
			if _, err = done(ctx, begun, err); err != nil {
				return err
			}
			origin, err := origins.BeginCreate(ctx, rg, name, color, "one", armcdn.AFDOrigin{Properties: &armcdn.AFDOriginProperties{
				HostName: to.Ptr(color + ".example"), Weight: to.Ptr[int32](100), Priority: to.Ptr[int32](1),
			}}, nil)
			if _, err = done(ctx, origin, err); err != nil {
				return err
			}
		}
		route, err := routes.BeginCreate(ctx, rg, name, "web", "all", armcdn.Route{Properties: &armcdn.RouteProperties{
			OriginGroup:         groupID("blue"),
			LinkToDefaultDomain: to.Ptr(armcdn.LinkToDefaultDomainEnabled),
			PatternsToMatch:     []*string{to.Ptr("/*")},
			SupportedProtocols:  []*armcdn.AFDEndpointProtocols{to.Ptr(armcdn.AFDEndpointProtocolsHTTP)},
			ForwardingProtocol:  to.Ptr(armcdn.ForwardingProtocolHTTPOnly),
			HTTPSRedirect:       to.Ptr(armcdn.HTTPSRedirectDisabled),
		}}, nil)
		_, err = done(ctx, route, err)
		return err
	})
	told.step("flip the route in one change", func(ctx context.Context) error {
		begun, err := routes.BeginUpdate(ctx, rg, name, "web", "all", armcdn.RouteUpdateParameters{
			Properties: &armcdn.RouteUpdatePropertiesParameters{OriginGroup: groupID("green")},
		}, nil)
		made, err := done(ctx, begun, err)
		if err != nil {
			return err
		}
		return same(strings.HasSuffix(*made.Properties.OriginGroup.ID, "/green"), true)
	})
	told.step("list, read what is not there", func(ctx context.Context) error {
		all, _, err := pages(ctx, groups.NewListByProfilePager(rg, name, nil),
			func(page armcdn.AFDOriginGroupsClientListByProfileResponse) []*armcdn.AFDOriginGroup {
				return page.Value
			})
		_, missing := groups.Get(ctx, rg, name, "red", nil)
		return first(err, same(len(all), 2), refused(404, missing))
	})
	told.step("delete the profile with all in it", func(ctx context.Context) error {
		begun, err := profiles.BeginDelete(ctx, rg, name, nil)
		if _, err = done(ctx, begun, err); err != nil {
			return err
		}
		_, err = profiles.Get(ctx, rg, name, nil)
		return refused(404, err)
	})
}
