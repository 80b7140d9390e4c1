using System.Text.Json;
using System.Text.Json.Nodes;
using Compeer.Node.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Compeer.Node.Api;

/// <summary>The options of the node: looked at with their sources, and changed.</summary>
internal sealed class SettingEndpoints(NodeConfiguration configuration)
{
    private const string Hidden = "(set)";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/settings", () => new SettingList([.. NodeOptions.All.Select(Describe)]));
        api.MapPatch("/settings", Change);
    }

    /// <summary>Changes values that were read as text; all or none.</summary>
    /// <exception cref="RefusedSettingsException">One cannot be used, or is set by a flag or the environment.</exception>
    public static void Apply(NodeConfiguration configuration, IReadOnlyDictionary<string, string> texts)
    {
        var wrong = new Dictionary<string, string>();
        var values = new Dictionary<string, string?>();
        foreach ((string key, string text) in texts)
        {
            if (NodeOptions.Find(key) is not { } option)
                wrong[key] = "there is no such setting";
            else if (OptionText.TryRead(option, text, out string value) is { } problem)
                wrong[key] = problem;
            else
                values[key] = value;
        }
        if (wrong.Count > 0)
            throw new RefusedSettingsException(400, wrong);
        foreach (string key in values.Keys)
        {
            OptionSource source = configuration.Find(NodeOptions.Find(key)!).Source;
            if (source is OptionSource.Flag or OptionSource.Environment)
                wrong[key] = source == OptionSource.Flag ? "it is set by a flag of the command line, which beats the file" : $"it is set by {NodeOptions.Find(key)!.EnvironmentVariable} in the environment, which beats the file";
        }
        if (wrong.Count > 0)
            throw new RefusedSettingsException(409, wrong);
        configuration.Set(values);
    }

    private SettingView Describe(NodeOption option)
    {
        (string value, OptionSource source) = configuration.Find(option);
        JsonNode shown = option.IsSecret && value.Length > 0 ? JsonValue.Create(Hidden) : OptionText.ToJson(option, value);
        return new SettingView(option.Key, option.Area, option.Title, option.Help, option.Kind, option.Choices.Count > 0 ? option.Choices : null, option.Unit, shown, OptionText.ToJson(option, option.Default), source, option.NeedsRestart);
    }

    private SettingList Change(Dictionary<string, JsonElement> request)
    {
        try
        {
            Apply(configuration, request.ToDictionary(r => r.Key, r => r.Value.ValueKind switch
            {
                JsonValueKind.Null => NodeOptions.Find(r.Key)?.Default ?? "",
                JsonValueKind.Array => string.Join(',', r.Value.EnumerateArray().Select(e => e.ToString())),
                _ => r.Value.ToString(),
            }));
        }
        catch (InvalidOperationException e)
        {
            throw new NodeException(NodeFailure.BadInput, $"A value is no text: {e.Message}", e);
        }
        return new SettingList([.. request.Keys.Select(k => Describe(NodeOptions.Find(k)!))]);
    }

    internal sealed record SettingView(
        string Key, string Area, string Title, string Help, OptionKind Type, IReadOnlyList<string>? Choices, string? Unit, JsonNode Value, JsonNode Default, OptionSource Source, bool NeedsRestart);

    internal sealed record SettingList(IReadOnlyList<SettingView> Items);
}

/// <summary>Settings that cannot be changed so; says why for each.</summary>
internal sealed class RefusedSettingsException(int status, IReadOnlyDictionary<string, string> errors) : Exception
{
    public int Status { get; } = status;

    public IReadOnlyDictionary<string, string> Errors { get; } = errors;
}
