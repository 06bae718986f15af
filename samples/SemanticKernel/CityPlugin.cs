using System.ComponentModel;
using Microsoft.SemanticKernel;

namespace SemanticKernel;

/// <summary>What the model may ask.</summary>
internal sealed class CityPlugin
{
    [KernelFunction("get_weather"), Description("Tells the weather in a city.")]
    public static string GetWeather([Description("The city, for example Paris.")] string city) => $"{city}: 17 °C, light rain, wind from the west.";

    [KernelFunction("get_time"), Description("Tells the time in a city.")]
    public static string GetTime([Description("The city, for example Paris.")] string city) => $"{city}: 14:05.";
}
