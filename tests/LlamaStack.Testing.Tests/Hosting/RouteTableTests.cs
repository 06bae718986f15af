using Xunit;

namespace LlamaStack.Testing.Tests;

public sealed class RouteTableTests
{
    private readonly RouteTable<string> _routes = new();

    public RouteTableTests()
    {
        _routes.Map("GET", "/v1/models", "list");
        _routes.Map("GET", "/v1/models/{*}", "get");
        _routes.Map("POST", "/v1/items/{}/tags/{}", "tag");
    }

    [Theory]
    [InlineData("/v1/models", "list", "")]
    [InlineData("/v1/models/a/b", "get", "a/b")]
    [InlineData("/v1/models/a%2Fb", "get", "a/b")]
    [InlineData("/v1/models/", "get", "")]
    public void A_path_finds_its_route(string path, string handler, string value)
    {
        var match = _routes.Find("GET", path);

        Assert.Equal(handler, match.Handler);
        Assert.Equal(value, string.Join('|', match.Values));
    }

    [Theory]
    [InlineData("/V1/models")]
    [InlineData("/v1/items/1/tags/2/")]
    [InlineData("/v1/items//tags/2")]
    [InlineData("/v1/items/1/tags")]
    public void Another_case_a_slash_too_many_and_an_empty_segment_are_other_paths(string path)
    {
        var match = _routes.Find("POST", path);

        Assert.Null(match.Handler);
        Assert.Empty(match.Allowed);
    }

    [Fact]
    public void A_wrong_method_is_told_the_right_ones()
    {
        var match = _routes.Find("PUT", "/v1/items/1/tags/2");

        Assert.Null(match.Handler);
        Assert.Equal(["POST"], match.Allowed);
    }
}
