package main

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/trafficmanager/armtrafficmanager"
)

func init() { lives = append(lives, trafficManager) }

// trafficManager is Traffic Manager by armtrafficmanager.
func trafficManager() {
	told := newLife("resourcemanager/trafficmanager/armtrafficmanager", "Traffic Manager")
	profiles := must(armtrafficmanager.NewProfilesClient(subscription, credential(), options()))
	endpoints := must(armtrafficmanager.NewEndpointsClient(subscription, credential(), options()))
	rg, name := group(), "go-life"
	external := armtrafficmanager.EndpointTypeExternalEndpoints
	endpoint := func(color string, priority int64) *armtrafficmanager.Endpoint {
		return &armtrafficmanager.Endpoint{
			Name: to.Ptr(color),
			Type: to.Ptr("Microsoft.Network/trafficManagerProfiles/externalEndpoints"),
			Properties: &armtrafficmanager.EndpointProperties{
				Target:         to.Ptr(color + ".example"),
				Priority:       to.Ptr(priority),
				EndpointStatus: to.Ptr(armtrafficmanager.EndpointStatusEnabled),
			},
		}
	}
	profile := func(blue, green int64) armtrafficmanager.Profile {
		return armtrafficmanager.Profile{
			Location: to.Ptr("global"),
			Properties: &armtrafficmanager.ProfileProperties{
				TrafficRoutingMethod: to.Ptr(armtrafficmanager.TrafficRoutingMethodPriority),
				DNSConfig:            &armtrafficmanager.DNSConfig{RelativeName: to.Ptr(name), TTL: to.Ptr[int64](5)},
				MonitorConfig: &armtrafficmanager.MonitorConfig{
					Protocol: to.Ptr(armtrafficmanager.MonitorProtocolHTTP),
					Port:     to.Ptr[int64](80),
					Path:     to.Ptr("/healthz"),
				},
				Endpoints: []*armtrafficmanager.Endpoint{endpoint("blue", blue), endpoint("green", green)},
			},
		}
	}
	told.step("create a profile with two endpoints", func(ctx context.Context) error {
		made, err := profiles.CreateOrUpdate(ctx, rg, name, profile(1, 2), nil)
		if err != nil {
			return err
		}
		return first(same(*made.Properties.DNSConfig.Fqdn, name+".trafficmanager.net"), same(len(made.Properties.Endpoints), 2))
	})
	told.step("flip all endpoints in one write", func(ctx context.Context) error {
		made, err := profiles.CreateOrUpdate(ctx, rg, name, profile(2, 1), nil)
		if err != nil {
			return err
		}
		return same(*made.Properties.Endpoints[0].Properties.Priority, int64(2))
	})
	told.step("colliding priorities are refused", func(ctx context.Context) error {
		_, err := endpoints.Update(ctx, rg, name, external, "blue", *endpoint("blue", 1), nil)
		return refused(400, err)
	})
	told.step("an endpoint's life", func(ctx context.Context) error {
		if _, err := endpoints.CreateOrUpdate(ctx, rg, name, external, "red", *endpoint("red", 3), nil); err != nil {
			return err
		}
		read, err := endpoints.Get(ctx, rg, name, external, "red", nil)
		if err != nil {
			return err
		}
		_, once := endpoints.Delete(ctx, rg, name, external, "red", nil)
		_, missing := endpoints.Get(ctx, rg, name, external, "red", nil)
		return first(same(*read.Properties.Target, "red.example"), once, refused(404, missing))
	})
	told.step("list", func(ctx context.Context) error {
		all, _, err := pages(ctx, profiles.NewListByResourceGroupPager(rg, nil),
			func(page armtrafficmanager.ProfilesClientListByResourceGroupResponse) []*armtrafficmanager.Profile {
				return page.Value
			})
		return first(err, same(len(all), 1))
	})
	told.step("delete, twice, and read what is not there", func(ctx context.Context) error {
		_, once := profiles.Delete(ctx, rg, name, nil)
		_, twice := profiles.Delete(ctx, rg, name, nil)
		_, read := profiles.Get(ctx, rg, name, nil)
		return first(once, twice, refused(404, read))
	})
}
