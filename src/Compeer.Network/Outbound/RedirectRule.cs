using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Compeer.Network.Outbound;

/// <summary>What every redirect must keep to, whoever asks. Which addresses it may lead to is checked by whoever connects.</summary>
internal static class RedirectRule
{
    /// <summary>Whether an answer sends us elsewhere.</summary>
    public static bool IsRedirect(HttpResponseMessage response, [NotNullWhen(true)] out Uri? location)
    {
        location = response.Headers.Location;
        return location is not null
            && response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
                or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
    }

    /// <summary>From https to http would show to others what was asked in secret.</summary>
    public static bool IsDowngrade(Uri from, Uri to) => from.Scheme == "https" && to.Scheme == "http";

    /// <summary>The same scheme, host and port: a user and password are for the origin they were written for.</summary>
    public static bool IsSameOrigin(Uri from, Uri to) =>
        Uri.Compare(from, to, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    /// <summary>The header for the user and password of an address; null when there are none.</summary>
    public static AuthenticationHeaderValue? Authorization(string userInfo) => userInfo.Length == 0
        ? null
        : new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(userInfo))));
}
